"""Start a simulation that goes on after the answer."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from neuroglia.core import OperationResult
from neuroglia.mediation import Command, CommandHandler

from application.kernel.refusals import too_soon
from application.kernel.request_context import current_request
from application.labops.whatif.calibration import LaboratoryCalibration
from application.labops.whatif.runs import SimulationRun, SimulationRuns
from domain.labops.whatif.laboratory import Laboratory
from domain.labops.whatif.scenario import Scenario
from domain.labops.whatif.simulation import Plan, Simulation, check_simulation, longest_horizon

MOST_OPEN = 10
RETRY_SECONDS = 30.0
_SEED_BITS = 32


@dataclass(frozen=True, kw_only=True)
class StartSimulationCommand(Command[OperationResult[SimulationRun]]):
    """Start a simulation and answer with its run.

    Attributes:
        seed: the same seed, on the same specimens, gives the same numbers; None for one that is made up and told.
        horizon: during which specimens arrive; None for the longest that may be simulated, at most seven days.
    """

    scenario: Scenario
    replications: int
    seed: int | None
    horizon: timedelta | None


class StartSimulationCommandHandler(CommandHandler[StartSimulationCommand, OperationResult[SimulationRun]]):
    def __init__(self, runs: SimulationRuns, calibration: LaboratoryCalibration) -> None:
        self._runs = runs
        self._calibration = calibration

    async def handle_async(self, request: StartSimulationCommand) -> OperationResult[SimulationRun]:
        if await self._runs.open_count_async() >= MOST_OPEN:
            return too_soon(f"{MOST_OPEN} simulations wait or run already; cancel one or wait", RETRY_SECONDS)
        found = await self._calibration.calibrate_async()
        seed = secrets.randbits(_SEED_BITS) if request.seed is None else request.seed
        minutes = self._minutes_of(request, found.laboratory)
        plan = Plan(request.replications, seed, minutes, found.observed.following_hour)
        check_simulation(Simulation(found.laboratory, request.scenario, plan))
        run = await self._runs.queue_async(current_request().actor, found, request.scenario, plan)
        return self.accepted(run)

    @staticmethod
    def _minutes_of(request: StartSimulationCommand, laboratory: Laboratory) -> float:
        if request.horizon is None:
            return longest_horizon(laboratory, request.scenario, request.replications)
        return request.horizon / timedelta(minutes=1)
