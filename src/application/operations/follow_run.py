"""Follow a run while it goes on."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.kernel.jobs import JobRun, RunHistory
from application.kernel.refusals import missing

LOOK_AGAIN_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class FollowRunQuery(Query[OperationResult[AsyncIterator[JobRun]]]):
    """Get a run's progress: the run as it stands, again whenever that changes, until it has ended."""

    task_id: str
    run_id: str


class FollowRunQueryHandler(QueryHandler[FollowRunQuery, OperationResult[AsyncIterator[JobRun]]]):
    def __init__(self, history: RunHistory) -> None:
        self._history = history

    async def handle_async(self, request: FollowRunQuery) -> OperationResult[AsyncIterator[JobRun]]:
        run = await self._history.get_async(request.task_id, request.run_id)
        return missing("run", request.run_id) if run is None else self.ok(self._follow_async(run))

    async def _follow_async(self, run: JobRun) -> AsyncIterator[JobRun]:
        yield run
        while not run.ended:
            seen = await self._history.wait_for_progress_async(run, LOOK_AGAIN_SECONDS)
            if seen is None:
                return
            if seen != run:
                yield seen
            run = seen
