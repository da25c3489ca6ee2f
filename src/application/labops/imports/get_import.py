"""Look at one import."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.refusals import missing
from application.labops.imports.import_runs import ImportRun, ImportRuns


@dataclass(frozen=True, kw_only=True)
class GetImportQuery(Query[OperationResult[ImportRun]]):
    """One import as it stands."""

    import_id: str


class GetImportQueryHandler(QueryHandler[GetImportQuery, OperationResult[ImportRun]]):
    def __init__(self, runs: ImportRuns) -> None:
        self._runs = runs

    async def handle_async(self, request: GetImportQuery) -> OperationResult[ImportRun]:
        run = await self._runs.get_async(request.import_id)
        return missing("import", request.import_id) if run is None else self.ok(run)
