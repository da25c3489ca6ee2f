"""Who belongs where, from our own users and organisations."""

from application.access.access_directory import AccessDirectory
from application.contracts.memberships import (
    MembershipDirectory,
    Memberships,
    OpportunityView,
    OrganizationView,
    ProgramView,
)
from domain.access.organization_state import OrganizationState

_MOST_KEPT = 10_000
_NOTHING = Memberships()


class LocalMemberships(MembershipDirectory):
    """The rule of the system of record: an opportunity belongs to its organisation and to the owner of its program.

    Answers are kept until anything in the access log changes.
    """

    def __init__(self, directory: AccessDirectory) -> None:
        self._directory = directory
        self._kept: dict[str, Memberships] = {}
        self._kept_at = -1

    async def of_async(self, username: str) -> Memberships:
        await self._directory.catch_up_async()
        if self._kept_at != self._directory.position or len(self._kept) > _MOST_KEPT:
            self._kept, self._kept_at = {}, self._directory.position
        found = self._kept.get(username)
        if found is None:
            position, kept = self._directory.position, self._kept
            found = await self._memberships_async(username)
            if self._directory.position == position:
                kept[username] = found
        return found

    async def knows_async(self, username: str) -> bool:
        return await self._directory.user_async(username) is not None

    async def _memberships_async(self, username: str) -> Memberships:
        user = await self._directory.user_async(username)
        if user is None or not user.details.active:
            return _NOTHING
        everything = await self._directory.organizations_async()
        own = [one for one in everything if one.number in user.joined]
        programs = {number for one in own for number in one.programs}
        known = {number for one in everything for number in one.programs}
        opportunities = [
            _opportunity(one, number, known)
            for one in everything
            for number, details in one.opportunities.items()
            if one.number in user.joined or details.program_id in programs
        ]
        return Memberships(
            tuple(
                OrganizationView(id=one.number, slug=one.id, name=one.details.name, funder=one.details.funder)
                for one in own
            ),
            tuple(sorted((_program(one, number) for one in own for number in one.programs), key=lambda view: view.id)),
            tuple(sorted(opportunities, key=lambda view: view.id)),
        )


def _program(owner: OrganizationState, number: int) -> ProgramView:
    return ProgramView(id=number, organization=owner.id, **vars(owner.programs[number]))


def _opportunity(owner: OrganizationState, number: int, known_programs: set[int]) -> OpportunityView:
    details = owner.opportunities[number]
    return OpportunityView(
        id=number,
        name=details.name,
        organization=owner.id,
        program=details.program_id if details.program_id in known_programs else None,
        date_created=owner.opened[number].isoformat().replace("+00:00", "Z"),
        end_date=details.end_date,
        is_active=details.is_active,
    )
