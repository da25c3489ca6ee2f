"""Run a job now."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Command, CommandHandler

from application.kernel.jobs import JobAlreadyRunningError, JobRun, Jobs
from application.kernel.refusals import conflicting, missing, too_soon
from application.kernel.request_context import current_request
from application.operations.tasks_on_demand import TASKS_ON_DEMAND

RUNNING_RETRY_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class RunJobCommand(Command[OperationResult[JobRun]]):
    """Run a job now."""

    task_id: str


class RunJobCommandHandler(CommandHandler[RunJobCommand, OperationResult[JobRun]]):
    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    async def handle_async(self, request: RunJobCommand) -> OperationResult[JobRun]:
        if request.task_id in TASKS_ON_DEMAND:
            return conflicting(f"{request.task_id} cannot be started here: {TASKS_ON_DEMAND[request.task_id]}")
        try:
            run = await self._jobs.trigger_async(request.task_id, current_request().actor)
        except JobAlreadyRunningError:
            return too_soon(f"job {request.task_id} is running already", RUNNING_RETRY_SECONDS)
        return missing("job", request.task_id) if run is None else self.accepted(run)
