"""Create a user."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.access.views import UserView, user_view
from application.kernel.refusals import taken
from application.kernel.request_context import current_request
from domain.access.details import UserDetails
from domain.access.repositories import UserRepository
from domain.access.user import User
from domain.kernel.clock import Clock


@dataclass(frozen=True, kw_only=True)
class CreateUserCommand(Command[OperationResult[UserView]]):
    """Let there be somebody of this name."""

    username: str
    name: str = ""
    email: str = ""
    active: bool = True


class CreateUserCommandHandler(CommandHandler[CreateUserCommand, OperationResult[UserView]]):
    def __init__(self, users: UserRepository, clock: Clock) -> None:
        self._users = users
        self._clock = clock

    async def handle_async(self, request: CreateUserCommand) -> OperationResult[UserView]:
        details = UserDetails(name=request.name, email=request.email, active=request.active)
        user = await self._users.get_async(request.username) or User()
        if user.state.state_version and not user.state.removed:
            if current_request().repeatable and user.state.details == details:
                return self.created(user_view(user))
            return taken("username", "is another user's")
        user.create(request.username, details, self._clock.now())
        await self._users.update_async(user)
        return self.created(user_view(user))
