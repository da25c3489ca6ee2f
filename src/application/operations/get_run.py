"""Look at one run and what it did, part by part."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.kernel.jobs import JobRun, RunHistory, RunPart
from application.kernel.refusals import missing


@dataclass(frozen=True, kw_only=True)
class GetRunQuery(Query[OperationResult[tuple[JobRun, list[RunPart]]]]):
    """Look at one run and what it did, part by part."""

    task_id: str
    run_id: str


class GetRunQueryHandler(QueryHandler[GetRunQuery, OperationResult[tuple[JobRun, list[RunPart]]]]):
    def __init__(self, history: RunHistory) -> None:
        self._history = history

    async def handle_async(self, request: GetRunQuery) -> OperationResult[tuple[JobRun, list[RunPart]]]:
        run = await self._history.get_async(request.task_id, request.run_id)
        if run is None:
            return missing("run", request.run_id)
        return self.ok((run, await self._history.parts_async(request.run_id)))
