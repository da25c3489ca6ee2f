"""How many specimens a simulation works off in a second, against what is promised."""

import asyncio
import time
from math import log

from domain.labops.whatif.laboratory import Arrivals, Laboratory, Machine, Minutes
from domain.labops.whatif.scenario import Scenario
from domain.labops.whatif.simulation import Plan, Simulation
from integration.labops.whatif.simulation_process import simulating
from tests.benchmarks.measuring import Reading, Row

PROMISED = 50_000.0
ASSAYS = ("CBC", "Chem7", "PCR")
PLAN = Plan(replications=4, seed=1, horizon=30 * 1440.0)


def _exponential(mean: float, points: int = 200) -> Minutes:
    return tuple(-mean * log(1 - (number + 0.5) / points) for number in range(points))


def _laboratory() -> Laboratory:
    """The kit's five machines at 80 % load, by the hour of the day, with handling, failures and re-runs."""
    rates = tuple(20.0 if hour < 8 else 75.0 for hour in range(24))
    service = {assay: _exponential(minutes) for assay, minutes in zip(ASSAYS, (3.0, 4.0, 6.0), strict=True)}
    return Laboratory(
        assays=ASSAYS,
        arrivals=Arrivals(rates, ((0.5, 0.3, 0.2),) * 24),
        machines=tuple(Machine(f"M{number}", 1, 0.07, service) for number in range(1, 6)),
        handling={assay: _exponential(5.0) for assay in ASSAYS},
        rerun_probability=0.5,
    )


async def _simulated_per_second(_: str) -> Reading:
    """As the application does it: in a process of its own, its start and the baseline beside the scenario included."""
    simulation = Simulation(_laboratory(), Scenario(extra_machines=1, arrival_growth=0.2), PLAN)
    begin = time.perf_counter()
    specimens = 0
    async with asyncio.timeout(300), simulating(simulation) as process:
        async for both in process.replications_async():
            specimens += both.baseline.specimens + both.scenario.specimens
    rate = specimens / (time.perf_counter() - begin)
    return Reading(ours=rate, baseline=PROMISED, ratio=rate / PROMISED)


ROWS: tuple[Row, ...] = (Row("whatif_simulation_vs_realtime", 1.0, "higher", "specimens/s", _simulated_per_second),)
