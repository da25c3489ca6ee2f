"""Look at one worker."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.kernel.refusals import missing
from application.labs.views import WorkerView, WorkerViews
from application.labs.worker_in_region import view_worker_async


@dataclass(frozen=True, kw_only=True)
class GetWorkerQuery(Query[OperationResult[WorkerView]]):
    """Get a worker of a region."""

    region: str
    worker_id: str


class GetWorkerQueryHandler(QueryHandler[GetWorkerQuery, OperationResult[WorkerView]]):
    def __init__(self, workers: WorkerViews) -> None:
        self._workers = workers

    async def handle_async(self, request: GetWorkerQuery) -> OperationResult[WorkerView]:
        worker = await view_worker_async(self._workers, request.region, request.worker_id)
        return missing("worker", request.worker_id) if worker is None else self.ok(worker)
