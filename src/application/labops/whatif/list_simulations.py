"""List the simulations."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.kernel.paging import DEFAULT_LIMIT, Cursor, Page, one_text
from application.labops.whatif.runs import SimulationRun, SimulationRuns

_SCOPE = "simulations"


@dataclass(frozen=True, kw_only=True)
class ListSimulationsQuery(Query[OperationResult[Page[SimulationRun]]]):
    """List the simulations, newest first, without their results."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class ListSimulationsQueryHandler(QueryHandler[ListSimulationsQuery, OperationResult[Page[SimulationRun]]]):
    def __init__(self, runs: SimulationRuns) -> None:
        self._runs = runs

    async def handle_async(self, request: ListSimulationsQuery) -> OperationResult[Page[SimulationRun]]:
        before = None if request.cursor is None else one_text(Cursor.decode(request.cursor, _SCOPE))
        found = await self._runs.list_async(request.limit + 1, before)
        page = found[: request.limit]
        return self.ok(Page(page, Cursor.encode([page[-1].run_id], _SCOPE) if len(found) > len(page) else None))
