"""Remove a user."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.access.deciding import decided_user_async
from application.kernel.refusals import Refusal
from domain.access.repositories import UserRepository
from domain.kernel.clock import Clock


@dataclass(frozen=True, kw_only=True)
class RemoveUserCommand(Command[OperationResult[None]]):
    """Let there be nobody of this name any more; all their memberships end."""

    username: str
    expected_version: int | None = None


class RemoveUserCommandHandler(CommandHandler[RemoveUserCommand, OperationResult[None]]):
    def __init__(self, users: UserRepository, clock: Clock) -> None:
        self._users = users
        self._clock = clock

    async def handle_async(self, request: RemoveUserCommand) -> OperationResult[None]:
        user = await decided_user_async(
            self._users, request.username, lambda one: one.remove(self._clock.now()), request.expected_version
        )
        return user if isinstance(user, Refusal) else self.no_content()
