"""List the runs of a job, newest first."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.kernel.jobs import JobRun, Jobs, RunHistory
from application.kernel.paging import Cursor, Page, one_text
from application.kernel.refusals import missing
from application.operations.tasks_on_demand import TASKS_ON_DEMAND


@dataclass(frozen=True, kw_only=True)
class ListRunsQuery(Query[OperationResult[Page[JobRun]]]):
    """List the runs of a job, newest first."""

    task_id: str
    limit: int
    cursor: str | None


class ListRunsQueryHandler(QueryHandler[ListRunsQuery, OperationResult[Page[JobRun]]]):
    def __init__(self, jobs: Jobs, history: RunHistory) -> None:
        self._jobs = jobs
        self._history = history

    async def handle_async(self, request: ListRunsQuery) -> OperationResult[Page[JobRun]]:
        known = TASKS_ON_DEMAND.keys() | {job.task_id for job in await self._jobs.list_async()}
        if request.task_id not in known:
            return missing("job", request.task_id)
        scope = f"runs {request.task_id}"
        before = one_text(Cursor.decode(request.cursor, scope)) if request.cursor else None
        runs = await self._history.list_async(request.task_id, request.limit + 1, before)
        page = runs[: request.limit]
        following = Cursor.encode([page[-1].run_id], scope) if len(runs) > request.limit else None
        return self.ok(Page(page, following))
