"""Cancel a simulation."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Command, CommandHandler

from application.kernel.refusals import missing
from application.labops.whatif.runs import SimulationRun, SimulationRuns, SimulationState
from domain.labops.whatif.errors import SimulationEndedError


@dataclass(frozen=True, kw_only=True)
class CancelSimulationCommand(Command[OperationResult[SimulationRun]]):
    """Cancel a simulation that waits or runs; its process ends within a second. Cancelling twice is no error."""

    run_id: str


class CancelSimulationCommandHandler(CommandHandler[CancelSimulationCommand, OperationResult[SimulationRun]]):
    def __init__(self, runs: SimulationRuns) -> None:
        self._runs = runs

    async def handle_async(self, request: CancelSimulationCommand) -> OperationResult[SimulationRun]:
        run = await self._runs.cancel_async(request.run_id)
        if run is None:
            return missing("simulation", request.run_id)
        if run.state is not SimulationState.CANCELLED:
            raise SimulationEndedError(f"simulation {request.run_id} is {run.state}: there is nothing to cancel")
        return self.ok(run)
