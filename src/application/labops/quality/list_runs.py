"""List the runs."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.paging import DEFAULT_LIMIT, Cursor, Page, one_text
from application.labops.quality.runs import QualityRun, QualityRuns


@dataclass(frozen=True, kw_only=True)
class ListQualityRunsQuery(Query[OperationResult[Page[QualityRun]]]):
    """Runs, newest first; ``kind`` is ``specimens``, ``imports``, or None for both."""

    kind: str | None = None
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class ListQualityRunsQueryHandler(QueryHandler[ListQualityRunsQuery, OperationResult[Page[QualityRun]]]):
    def __init__(self, runs: QualityRuns) -> None:
        self._runs = runs

    async def handle_async(self, request: ListQualityRunsQuery) -> OperationResult[Page[QualityRun]]:
        scope = f"quality-runs|{request.kind}"
        before = None if request.cursor is None else one_text(Cursor.decode(request.cursor, scope))
        found = await self._runs.list_async(request.kind, request.limit + 1, before)
        page = found[: request.limit]
        return self.ok(Page(page, Cursor.encode([page[-1].run_id], scope) if len(found) > len(page) else None))
