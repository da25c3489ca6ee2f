"""The labs of one worker, from our own store."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.kernel.refusals import missing
from application.labs.views import LabViews, WorkerLabsAnswer, WorkerViews
from application.labs.worker_in_region import view_worker_async


@dataclass(frozen=True, slots=True)
class GetWorkerLabsQuery(Query[OperationResult[WorkerLabsAnswer]]):
    """Get all labs of a worker, removed ones only when asked for."""

    region: str
    worker_id: str
    include_removed: bool = False


class GetWorkerLabsQueryHandler(QueryHandler[GetWorkerLabsQuery, OperationResult[WorkerLabsAnswer]]):
    def __init__(self, workers: WorkerViews, labs: LabViews) -> None:
        self._workers = workers
        self._labs = labs

    async def handle_async(self, request: GetWorkerLabsQuery) -> OperationResult[WorkerLabsAnswer]:
        worker = await view_worker_async(self._workers, request.region, request.worker_id)
        if worker is None:
            return missing("worker", request.worker_id)
        return self.ok(
            await self._labs.list_of_worker_async(request.worker_id, include_removed=request.include_removed)
        )
