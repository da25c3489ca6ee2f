"""Let somebody belong to an organisation."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.access.deciding import decided_user_async, found_organization_async
from application.access.views import MembershipView, membership_views
from application.kernel.refusals import Refusal, conflicting
from application.kernel.request_context import current_request
from domain.access.repositories import OrganizationRepository, UserRepository
from domain.kernel.clock import Clock


@dataclass(frozen=True, kw_only=True)
class AddMembershipCommand(Command[OperationResult[MembershipView]]):
    """Make a user a member of an organisation."""

    username: str
    organization: str


class AddMembershipCommandHandler(CommandHandler[AddMembershipCommand, OperationResult[MembershipView]]):
    def __init__(self, users: UserRepository, organizations: OrganizationRepository, clock: Clock) -> None:
        self._users = users
        self._organizations = organizations
        self._clock = clock

    async def handle_async(self, request: AddMembershipCommand) -> OperationResult[MembershipView]:
        found = await found_organization_async(self._organizations, request.organization)
        if isinstance(found, Refusal):
            return found
        number, joined = found.state.number, [False]

        user = await decided_user_async(
            self._users,
            request.username,
            lambda one: joined.append(one.join(number, request.organization, self._clock.now())),
        )
        if isinstance(user, Refusal):
            return user
        if not joined[-1] and not current_request().repeatable:
            return conflicting(f"{request.username} is a member of {request.organization} already")
        return self.created(next(one for one in membership_views(user.state) if one.organization_id == number))
