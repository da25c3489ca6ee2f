"""List the workers of a region, or of all."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.kernel.paging import Page
from application.labs.views import WorkerView, WorkerViews


@dataclass(frozen=True, kw_only=True)
class ListWorkersQuery(Query[OperationResult[Page[WorkerView]]]):
    """List workers by name; ``status`` as in :meth:`WorkerViews.list_async`."""

    region: str | None
    status: str | None
    limit: int
    cursor: str | None


class ListWorkersQueryHandler(QueryHandler[ListWorkersQuery, OperationResult[Page[WorkerView]]]):
    def __init__(self, workers: WorkerViews) -> None:
        self._workers = workers

    async def handle_async(self, request: ListWorkersQuery) -> OperationResult[Page[WorkerView]]:
        return self.ok(await self._workers.list_async(request.region, request.status, request.limit, request.cursor))
