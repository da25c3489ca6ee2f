"""Start a refresh of one worker that goes on after the answer."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Command, CommandHandler

from application.kernel.jobs import JobRun
from application.kernel.leases import Leases
from application.kernel.refusals import conflicting, missing, too_soon
from application.labs.background_refresh import BackgroundRefresh
from application.labs.refresh_rules import refresh_lease_key, seconds_until_forced
from application.labs.refresh_worker_labs import UNDER_WAY_RETRY_SECONDS
from application.labs.sync_ledger import SyncLedger
from application.labs.worker_in_region import load_worker_async
from domain.kernel.clock import Clock
from domain.labs.repositories import CmlWorkerRepository


@dataclass(frozen=True, kw_only=True)
class StartWorkerRefreshCommand(Command[OperationResult[JobRun]]):
    """Start a refresh of one worker and answer with its run."""

    region: str
    worker_id: str


class StartWorkerRefreshCommandHandler(CommandHandler[StartWorkerRefreshCommand, OperationResult[JobRun]]):
    def __init__(
        self,
        workers: CmlWorkerRepository,
        ledger: SyncLedger,
        leases: Leases,
        refreshes: BackgroundRefresh,
        clock: Clock,
    ) -> None:
        self._workers = workers
        self._ledger = ledger
        self._leases = leases
        self._refreshes = refreshes
        self._clock = clock

    async def handle_async(self, request: StartWorkerRefreshCommand) -> OperationResult[JobRun]:
        worker = await load_worker_async(self._workers, request.region, request.worker_id)
        if worker is None:
            return missing("worker", request.worker_id)
        if not worker.state.active:
            return conflicting(f"worker {request.worker_id} is not active")
        pause = seconds_until_forced(await self._ledger.get_async(worker.state.id), self._clock.now())
        if pause:
            return too_soon(f"worker {request.worker_id} was refreshed by hand a moment ago", pause)
        if await self._leases.holder_async(refresh_lease_key(request.worker_id)) is not None:
            return too_soon(f"worker {request.worker_id} is being refreshed already", UNDER_WAY_RETRY_SECONDS)
        return self.accepted(await self._refreshes.start_async(worker, trigger="manual", forced=True))
