"""List who belongs where."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.access.access_directory import AccessDirectory
from application.access.pages import page_of
from application.access.views import MembershipView, membership_views
from application.kernel.paging import DEFAULT_LIMIT, Page


@dataclass(frozen=True, kw_only=True)
class ListMembershipsQuery(Query[OperationResult[Page[MembershipView]]]):
    """Memberships by user name and id of the organisation, of one user or one organisation if named."""

    username: str | None = None
    organization: str | None = None
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class ListMembershipsQueryHandler(QueryHandler[ListMembershipsQuery, OperationResult[Page[MembershipView]]]):
    def __init__(self, directory: AccessDirectory) -> None:
        self._directory = directory

    async def handle_async(self, request: ListMembershipsQuery) -> OperationResult[Page[MembershipView]]:
        present = {one.number for one in await self._directory.organizations_async()}
        found = [
            view
            for user in await self._directory.users_async()
            if request.username in (None, user.id)
            for view in membership_views(user)
            if view.organization_id in present and request.organization in (None, view.organization)
        ]
        scope = f"memberships {request.username} {request.organization}"
        page = page_of(found, lambda one: (one.username, one.organization_id), scope, request.limit, request.cursor)
        return self.ok(page)
