"""Finding the worker that a path names: in another region, or decommissioned, it does not exist."""

from application.labs.views import WorkerView, WorkerViews
from domain.labs.cml_worker import CmlWorker
from domain.labs.repositories import CmlWorkerRepository


async def load_worker_async(workers: CmlWorkerRepository, region: str, worker_id: str) -> CmlWorker | None:
    """Return the aggregate; None when there is no such worker there."""
    worker = await workers.get_async(worker_id)
    if worker is None or worker.state.region != region or worker.state.decommissioned:
        return None
    return worker


async def view_worker_async(workers: WorkerViews, region: str, worker_id: str) -> WorkerView | None:
    """Return the view; None when there is no such worker there."""
    worker = await workers.get_async(worker_id)
    if worker is None or worker.region != region or worker.decommissioned:
        return None
    return worker
