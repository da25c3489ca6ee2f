"""Look at one user."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.access.deciding import found_user_async
from application.access.views import UserView, user_view
from application.kernel.refusals import Refusal
from domain.access.repositories import UserRepository


@dataclass(frozen=True, kw_only=True)
class GetUserQuery(Query[OperationResult[UserView]]):
    """One user with the organisations that they belong to."""

    username: str


class GetUserQueryHandler(QueryHandler[GetUserQuery, OperationResult[UserView]]):
    def __init__(self, users: UserRepository) -> None:
        self._users = users

    async def handle_async(self, request: GetUserQuery) -> OperationResult[UserView]:
        user = await found_user_async(self._users, request.username)
        return user if isinstance(user, Refusal) else self.ok(user_view(user))
