"""List the recurrent jobs, and what is recorded like one but only runs on demand."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.kernel.jobs import Jobs, JobStatus, RunHistory
from application.kernel.subscriptions import ReadModels
from application.operations.tasks_on_demand import TASKS_ON_DEMAND


@dataclass(frozen=True, kw_only=True)
class ListJobsQuery(Query[OperationResult[list[JobStatus]]]):
    """List the jobs by task id."""


class ListJobsQueryHandler(QueryHandler[ListJobsQuery, OperationResult[list[JobStatus]]]):
    def __init__(self, jobs: Jobs, history: RunHistory, models: ReadModels) -> None:
        self._jobs = jobs
        self._history = history
        self._models = models

    async def handle_async(self, request: ListJobsQuery) -> OperationResult[list[JobStatus]]:  # noqa: ARG002  # says it all by its type
        rebuilding = any(model.rebuilding for model in await self._models.read_models_async())
        on_demand = [await self._on_demand_async(task_id, running=rebuilding) for task_id in TASKS_ON_DEMAND]
        return self.ok(sorted([*await self._jobs.list_async(), *on_demand], key=lambda job: job.task_id))

    async def _on_demand_async(self, task_id: str, *, running: bool) -> JobStatus:
        runs = await self._history.list_async(task_id, 1, None)
        return JobStatus(
            task_id=task_id,
            description=TASKS_ON_DEMAND[task_id],
            interval_seconds=None,
            next_run_at=None,
            running=running,
            leader=None,
            last_run=runs[0] if runs else None,
        )
