"""Refresh a worker's labs now, instead of waiting for the job."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Command, CommandHandler

from application.kernel.refusals import conflicting, missing, too_soon, unavailable, upstream_failed
from application.labs.ports import ControllerError
from application.labs.refresh_report import RefreshReport
from application.labs.refresh_rules import RefreshedTooRecentlyError, RefreshUnderWayError
from application.labs.sync_ledger import SyncLedger
from application.labs.worker_in_region import load_worker_async
from application.labs.worker_refresh import WorkerRefresh
from domain.labs.repositories import CmlWorkerRepository

UNDER_WAY_RETRY_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class RefreshWorkerLabsCommand(Command[OperationResult[RefreshReport]]):
    """Refresh one worker and say what that did; with ``dry_run`` say what it would do and write nothing."""

    region: str
    worker_id: str
    dry_run: bool = False


class RefreshWorkerLabsCommandHandler(CommandHandler[RefreshWorkerLabsCommand, OperationResult[RefreshReport]]):
    def __init__(self, workers: CmlWorkerRepository, ledger: SyncLedger, refresh: WorkerRefresh) -> None:
        self._workers = workers
        self._ledger = ledger
        self._refresh = refresh

    async def handle_async(self, request: RefreshWorkerLabsCommand) -> OperationResult[RefreshReport]:
        worker = await load_worker_async(self._workers, request.region, request.worker_id)
        if worker is None:
            return missing("worker", request.worker_id)
        if not worker.state.active:
            return conflicting(f"worker {request.worker_id} is not active")
        sync = await self._ledger.get_async(worker.state.id)
        try:
            report = await self._refresh.refresh_async(worker, sync, forced=True, dry_run=request.dry_run)
        except RefreshUnderWayError as error:
            return too_soon(str(error), UNDER_WAY_RETRY_SECONDS)
        except RefreshedTooRecentlyError as error:
            return too_soon(str(error), error.retry_after_seconds)
        except ControllerError as error:
            members = {"url": error.url, "cause": error.cause}
            if error.status == 502:
                return upstream_failed(str(error), **members)
            return unavailable(str(error), error.retry_after_seconds, **members)
        return self.ok(report)
