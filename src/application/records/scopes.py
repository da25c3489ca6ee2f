"""Which scope somebody means."""

from dataclasses import dataclass

from application.contracts.memberships import MembershipDirectory
from application.kernel.request_context import current_request
from application.records.record_filters import whole_number
from domain.records.errors import ScopeNotFoundError
from domain.records.values import RecordScope, ScopeKind


@dataclass(frozen=True, slots=True)
class NamedScope:
    """A scope as it is asked for; ``organization`` is a number or a slug. None where nothing is said."""

    opportunity_id: int | None = None
    program_id: int | None = None
    organization: str | None = None


NOWHERE = NamedScope()


class Scopes:
    """Turns what is said into the scope that is meant."""

    def __init__(self, memberships: MembershipDirectory) -> None:
        self._memberships = memberships

    async def named_async(self, named: NamedScope) -> RecordScope:
        """Return the scope; an organisation's slug becomes its number.

        Raises:
            ScopeNotFoundError: there is no such organisation among those of whoever asks.
            InvalidFilterError: its number is none.
        """
        organization_id: int | None = None
        if named.organization is not None:
            organization_id = await self._organization_async(named.organization)
        return RecordScope(named.opportunity_id, named.program_id, organization_id)

    async def _organization_async(self, organization: str) -> int:
        if organization.isascii() and organization.isdecimal():
            return whole_number("organization_id", organization)
        theirs = await self._memberships.of_async(current_request().actor)
        for one in theirs.organizations:
            if one.slug == organization:
                return one.id
        raise ScopeNotFoundError(ScopeKind.ORGANIZATION.value, organization)
