"""The refresh job: every active worker that is due, a few at a time, none of them stopping the others."""

import asyncio

import structlog

from application.kernel.jobs import LabkeeperJob, RunOutcome, RunPart, RunRecorder
from application.labs.background_refresh import TASK_ID, BackgroundRefresh
from application.labs.sync_ledger import SyncLedger, WorkerSync
from application.labs.views import WorkerViews
from domain.kernel.clock import Clock
from domain.labs.repositories import CmlWorkerRepository
from settings import LabsSettings

log = structlog.get_logger(__name__)

EARLY_SHARE = 0.1
"""A worker that is due within this share of the interval is asked now rather than a whole interval later."""


class LabsRefreshJob(LabkeeperJob):
    """Keeps lab records up with their controllers."""

    task_id = TASK_ID
    description = "Refresh the labs of all active workers from their controllers"

    def __init__(
        self,
        workers: WorkerViews,
        aggregates: CmlWorkerRepository,
        ledger: SyncLedger,
        refreshes: BackgroundRefresh,
        clock: Clock,
        settings: LabsSettings,
    ) -> None:
        self._workers = workers
        self._aggregates = aggregates
        self._ledger = ledger
        self._refreshes = refreshes
        self._clock = clock
        self._concurrency = settings.refresh_concurrency
        self.interval_seconds = settings.refresh_interval_seconds
        self.jitter_seconds = min(30.0, settings.refresh_interval_seconds * 0.02)
        self.deadline_seconds = max(3600.0, settings.refresh_interval_seconds)

    async def run_async(self, recorder: RunRecorder, trigger: str) -> None:
        forced = trigger == "manual"
        ids = await self._workers.list_active_ids_async()
        syncs = await self._ledger.get_many_async(ids)
        due = [worker_id for worker_id in ids if forced or trigger == "start" or self._is_due(syncs[worker_id])]
        await recorder.expect_async(len(due))
        read_at = self._clock.now()
        workers = await self._aggregates.get_many_async(due)
        at_once = asyncio.Semaphore(self._concurrency)

        async def refresh(worker_id: str) -> None:
            async with at_once:
                worker = workers.get(worker_id)
                if worker is None or not worker.state.active:
                    part = RunPart(worker_id, RunOutcome.SUCCEEDED, error="is no longer active")
                else:
                    part = await self._refreshes.part_async(
                        worker, forced=forced, sync=syncs[worker_id], read_at=read_at
                    )
            # The next worker need not wait while this one's part is written down.
            await recorder.part_async(part)

        results = await asyncio.gather(*(refresh(worker_id) for worker_id in due), return_exceptions=True)
        for worker_id, result in zip(due, results, strict=True):
            if isinstance(result, Exception):
                log.error("worker_refresh_failed", worker_id=worker_id, exc_info=result)
                why = f"unexpected {type(result).__name__}"
                await recorder.part_async(RunPart(worker_id, RunOutcome.FAILED, error=why))
            elif isinstance(result, BaseException):
                raise result

    def _is_due(self, sync: WorkerSync) -> bool:
        if sync.next_due_at is None:
            return True
        slack = self.interval_seconds * EARLY_SHARE
        return (sync.next_due_at - self._clock.now()).total_seconds() <= slack
