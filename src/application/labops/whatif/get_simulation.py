"""Look at one simulation."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.kernel.refusals import missing
from application.labops.whatif.runs import SimulationRun, SimulationRuns


@dataclass(frozen=True, kw_only=True)
class GetSimulationQuery(Query[OperationResult[SimulationRun]]):
    """Look at one simulation: how far it is, or what came out."""

    run_id: str


class GetSimulationQueryHandler(QueryHandler[GetSimulationQuery, OperationResult[SimulationRun]]):
    def __init__(self, runs: SimulationRuns) -> None:
        self._runs = runs

    async def handle_async(self, request: GetSimulationQuery) -> OperationResult[SimulationRun]:
        run = await self._runs.get_async(request.run_id)
        return missing("simulation", request.run_id) if run is None else self.ok(run)
