"""List the organisations."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.access.access_directory import AccessDirectory
from application.access.pages import page_of
from application.access.views import OwnerView, owner_state_view
from application.kernel.paging import DEFAULT_LIMIT, Page


@dataclass(frozen=True, kw_only=True)
class ListOrganizationsQuery(Query[OperationResult[Page[OwnerView]]]):
    """Organisations with what they own, by integer id."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class ListOrganizationsQueryHandler(QueryHandler[ListOrganizationsQuery, OperationResult[Page[OwnerView]]]):
    def __init__(self, directory: AccessDirectory) -> None:
        self._directory = directory

    async def handle_async(self, request: ListOrganizationsQuery) -> OperationResult[Page[OwnerView]]:
        found = await self._directory.organizations_async()
        page = page_of(found, lambda one: (one.number,), "organizations", request.limit, request.cursor)
        return self.ok(Page([owner_state_view(one, one.state_version) for one in page.items], page.next_cursor))
