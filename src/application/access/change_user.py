"""Change a user."""

from dataclasses import dataclass, field, replace
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.access.deciding import decided_user_async
from application.access.views import UserView, user_view
from application.kernel.refusals import Refusal
from domain.access.repositories import UserRepository
from domain.kernel.clock import Clock


@dataclass(frozen=True, kw_only=True)
class ChangeUserCommand(Command[OperationResult[UserView]]):
    """Change what is given: ``name``, ``email``, ``active``. ``expected_version`` refuses a stale change."""

    username: str
    changes: dict[str, Any] = field(default_factory=dict)
    expected_version: int | None = None


class ChangeUserCommandHandler(CommandHandler[ChangeUserCommand, OperationResult[UserView]]):
    def __init__(self, users: UserRepository, clock: Clock) -> None:
        self._users = users
        self._clock = clock

    async def handle_async(self, request: ChangeUserCommand) -> OperationResult[UserView]:
        user = await decided_user_async(
            self._users,
            request.username,
            lambda one: one.change(replace(one.state.details, **request.changes), self._clock.now()),
            request.expected_version,
        )
        return user if isinstance(user, Refusal) else self.ok(user_view(user))
