"""Follow a simulation while it goes on."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.kernel.refusals import missing
from application.labops.progress import until_ended_async
from application.labops.whatif.runs import SimulationRun, SimulationRuns


@dataclass(frozen=True, kw_only=True)
class FollowSimulationQuery(Query[OperationResult[AsyncIterator[SimulationRun]]]):
    """Get a simulation's progress: the run as it stands, again whenever that changes, until it has ended."""

    run_id: str


class FollowSimulationQueryHandler(QueryHandler[FollowSimulationQuery, OperationResult[AsyncIterator[SimulationRun]]]):
    def __init__(self, runs: SimulationRuns) -> None:
        self._runs = runs

    async def handle_async(self, request: FollowSimulationQuery) -> OperationResult[AsyncIterator[SimulationRun]]:
        run = await self._runs.get_async(request.run_id)
        if run is None:
            return missing("simulation", request.run_id)
        return self.ok(until_ended_async(run, self._runs.wait_for_progress_async))
