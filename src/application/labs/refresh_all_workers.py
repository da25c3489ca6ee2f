"""Refresh all active workers now."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Command, CommandHandler

from application.kernel.jobs import JobAlreadyRunningError, JobRun, Jobs
from application.kernel.refusals import missing, too_soon
from application.kernel.request_context import current_request
from application.labs.background_refresh import TASK_ID
from application.labs.refresh_rules import seconds_until_forced
from application.labs.sync_ledger import SyncLedger
from application.labs.views import WorkerViews
from domain.kernel.clock import Clock

RUNNING_RETRY_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class RefreshAllWorkersCommand(Command[OperationResult[JobRun]]):
    """Start a run of the refresh job that asks every active worker, due or not."""


class RefreshAllWorkersCommandHandler(CommandHandler[RefreshAllWorkersCommand, OperationResult[JobRun]]):
    def __init__(self, workers: WorkerViews, ledger: SyncLedger, jobs: Jobs, clock: Clock) -> None:
        self._workers = workers
        self._ledger = ledger
        self._jobs = jobs
        self._clock = clock

    async def handle_async(self, request: RefreshAllWorkersCommand) -> OperationResult[JobRun]:  # noqa: ARG002  # says it all by its type
        syncs = await self._ledger.get_many_async(await self._workers.list_active_ids_async())
        now = self._clock.now()
        pauses = [seconds_until_forced(sync, now) for sync in syncs.values()]
        if pauses and min(pauses) > 0:
            return too_soon("every active worker was refreshed by hand a moment ago", min(pauses))
        try:
            run = await self._jobs.trigger_async(TASK_ID, current_request().actor)
        except JobAlreadyRunningError:
            return too_soon("the refresh job is running already", RUNNING_RETRY_SECONDS)
        return missing("job", TASK_ID) if run is None else self.accepted(run)
