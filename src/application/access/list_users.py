"""List the users."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.access.access_directory import AccessDirectory
from application.access.pages import page_of
from application.access.views import UserView, user_state_view
from application.kernel.paging import DEFAULT_LIMIT, Page


@dataclass(frozen=True, kw_only=True)
class ListUsersQuery(Query[OperationResult[Page[UserView]]]):
    """Users by name of user."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class ListUsersQueryHandler(QueryHandler[ListUsersQuery, OperationResult[Page[UserView]]]):
    def __init__(self, directory: AccessDirectory) -> None:
        self._directory = directory

    async def handle_async(self, request: ListUsersQuery) -> OperationResult[Page[UserView]]:
        users = await self._directory.users_async()
        page = page_of(users, lambda one: (one.id,), "users", request.limit, request.cursor)
        return self.ok(Page([user_state_view(one, one.state_version) for one in page.items], page.next_cursor))
