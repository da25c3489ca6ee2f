"""List the labs of all workers."""

from dataclasses import dataclass
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.kernel.paging import Page
from application.labs.views import LabFilter, LabViews


@dataclass(frozen=True, kw_only=True)
class ListLabsQuery(Query[OperationResult[Page[dict[str, Any]]]]):
    """List labs, filtered and sorted; see :class:`LabFilter` and ``LAB_SORTS``."""

    wanted: LabFilter
    sort: str
    limit: int
    cursor: str | None


class ListLabsQueryHandler(QueryHandler[ListLabsQuery, OperationResult[Page[dict[str, Any]]]]):
    def __init__(self, labs: LabViews) -> None:
        self._labs = labs

    async def handle_async(self, request: ListLabsQuery) -> OperationResult[Page[dict[str, Any]]]:
        return self.ok(await self._labs.list_async(request.wanted, request.sort, request.limit, request.cursor))
