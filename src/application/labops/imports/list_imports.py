"""List imports."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.paging import DEFAULT_LIMIT, Cursor, Page, one_text
from application.labops.imports.import_runs import ImportRun, ImportRuns

_SCOPE = "imports"


@dataclass(frozen=True, kw_only=True)
class ListImportsQuery(Query[OperationResult[Page[ImportRun]]]):
    """Imports, newest first."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class ListImportsQueryHandler(QueryHandler[ListImportsQuery, OperationResult[Page[ImportRun]]]):
    def __init__(self, runs: ImportRuns) -> None:
        self._runs = runs

    async def handle_async(self, request: ListImportsQuery) -> OperationResult[Page[ImportRun]]:
        before = None if request.cursor is None else one_text(Cursor.decode(request.cursor, _SCOPE))
        found = await self._runs.list_async(request.limit + 1, before)
        page = found[: request.limit]
        more = len(found) > len(page)
        return self.ok(Page(page, Cursor.encode([page[-1].import_id], _SCOPE) if more else None))
