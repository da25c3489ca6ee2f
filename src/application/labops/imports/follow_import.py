"""Follow an import while it goes on."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.refusals import missing
from application.labops.imports.import_runs import ImportRun, ImportRuns
from application.labops.progress import until_ended_async


@dataclass(frozen=True, kw_only=True)
class FollowImportQuery(Query[OperationResult[AsyncIterator[ImportRun]]]):
    """An import's progress: as it stands, again whenever that changes, until it has ended."""

    import_id: str


class FollowImportQueryHandler(QueryHandler[FollowImportQuery, OperationResult[AsyncIterator[ImportRun]]]):
    def __init__(self, runs: ImportRuns) -> None:
        self._runs = runs

    async def handle_async(self, request: FollowImportQuery) -> OperationResult[AsyncIterator[ImportRun]]:
        run = await self._runs.get_async(request.import_id)
        if run is None:
            return missing("import", request.import_id)
        return self.ok(until_ended_async(run, self._runs.wait_for_progress_async))
