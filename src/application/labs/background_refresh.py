"""Refreshing one worker in the background, as a run that can be looked at."""

from datetime import datetime

from application.kernel.background import BackgroundWork
from application.kernel.jobs import JobRun, RunHistory, RunOutcome, RunPart, RunRecorder
from application.kernel.request_context import RequestContext, acting_as, current_request
from application.labs.refresh_rules import RefreshedTooRecentlyError, RefreshUnderWayError
from application.labs.sync_ledger import SyncLedger, WorkerSync
from application.labs.worker_refresh import WorkerRefresh
from domain.kernel.errors import LabkeeperError
from domain.labs.cml_worker import CmlWorker

TASK_ID = "labs-refresh"


class BackgroundRefresh:
    """Starts such runs."""

    def __init__(
        self, refresh: WorkerRefresh, ledger: SyncLedger, history: RunHistory, background: BackgroundWork
    ) -> None:
        self._refresh = refresh
        self._ledger = ledger
        self._history = history
        self._background = background

    async def start_async(self, worker: CmlWorker, *, trigger: str, forced: bool = False) -> JobRun:
        """Start a refresh of one worker and return its run."""
        request = current_request()
        recorder = await self._history.start_async(TASK_ID, trigger, request.actor, beside_job=True)
        context = RequestContext(actor=request.actor, correlation_id=request.correlation_id)
        self._background.start(f"refresh {worker.state.id}", self._run_async(worker, recorder, context, forced))
        return recorder.run

    async def _run_async(self, worker: CmlWorker, recorder: RunRecorder, context: RequestContext, forced: bool) -> None:
        with acting_as(context):
            await recorder.expect_async(1)
            # Whatever happens, the run must not look as if it went on for ever.
            outcome: RunOutcome = RunOutcome.FAILED
            why: str | None = "it ended unexpectedly; the log has the details"
            try:
                part = await self.part_async(worker, forced=forced)
                await recorder.part_async(part)
                outcome, why = part.outcome, part.error
            finally:
                await self._history.end_async(recorder, outcome, why)

    async def part_async(
        self, worker: CmlWorker, *, forced: bool, sync: WorkerSync | None = None, read_at: datetime | None = None
    ) -> RunPart:
        """Refresh one worker and return what that did; a failure is part of the answer.

        ``sync`` and ``read_at`` are what the caller knows already, see ``WorkerRefresh.refresh_async``.
        """
        try:
            known = sync or await self._ledger.get_async(worker.state.id)
            report = await self._refresh.refresh_async(worker, known, forced=forced, read_at=read_at)
        except (RefreshUnderWayError, RefreshedTooRecentlyError) as error:
            return RunPart(worker.state.id, RunOutcome.SUCCEEDED, {"workers_skipped": 1}, error=str(error))
        except LabkeeperError as error:
            return RunPart(worker.state.id, RunOutcome.FAILED, error=str(error))
        return report.as_run_part()
