"""Let somebody belong to an organisation no more."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.access.deciding import decided_user_async, found_organization_async
from application.kernel.refusals import Refusal
from domain.access.repositories import OrganizationRepository, UserRepository
from domain.kernel.clock import Clock


@dataclass(frozen=True, kw_only=True)
class RemoveMembershipCommand(Command[OperationResult[None]]):
    """End a membership."""

    username: str
    organization: str


class RemoveMembershipCommandHandler(CommandHandler[RemoveMembershipCommand, OperationResult[None]]):
    def __init__(self, users: UserRepository, organizations: OrganizationRepository, clock: Clock) -> None:
        self._users = users
        self._organizations = organizations
        self._clock = clock

    async def handle_async(self, request: RemoveMembershipCommand) -> OperationResult[None]:
        found = await found_organization_async(self._organizations, request.organization)
        if isinstance(found, Refusal):
            return found
        user = await decided_user_async(
            self._users, request.username, lambda one: one.leave(found.state.number, self._clock.now())
        )
        return user if isinstance(user, Refusal) else self.no_content()
