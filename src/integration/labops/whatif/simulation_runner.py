"""Takes queued simulations and runs them, each under a lease in a process of its own."""

import asyncio

import structlog
from neuroglia.hosting.abstractions import HostedService

from application.kernel.lease_keeper import HeldLease, holding
from application.kernel.leases import Leases
from application.labops.whatif.runs import SimulationState
from domain.kernel.errors import UnavailableError
from domain.labops.whatif.simulation import Figures, Simulation, summarize
from integration.labops.whatif.mongo_simulation_runs import MongoSimulationRuns
from integration.labops.whatif.simulation_process import SimulationFailedError, simulating

LEASE_SECONDS = 15.0
POLL_SECONDS = 2.0
LOOK_SECONDS = 0.5
PROGRESS_SECONDS = 0.2

log = structlog.get_logger(__name__)


class SimulationRunner(HostedService):
    """Runs as many simulations at once as it is told to. What is under way when it stops starts again elsewhere.

    What this process queues is begun at once; what another one queued, or left behind, is found within seconds.
    """

    def __init__(self, runs: MongoSimulationRuns, leases: Leases, at_once: int) -> None:
        self._runs = runs
        self._leases = leases
        self._at_once = at_once
        self._changed = asyncio.Event()
        self._under_way: set[str] = set()
        self._lanes: list[asyncio.Task[None]] = []
        runs.call_when_changed(self._on_change)

    async def start_async(self) -> None:
        await self._runs.prepare_async()
        self._lanes = [asyncio.create_task(self._work_async(), name="simulations") for _ in range(self._at_once)]

    async def stop_async(self) -> None:
        """Kill what simulates."""
        for lane in self._lanes:
            lane.cancel()
        await asyncio.gather(*self._lanes, return_exceptions=True)

    async def _work_async(self) -> None:
        while True:
            changed = self._changed
            try:
                found = await self._take_one_async()
            except UnavailableError:
                found = False
            except Exception:  # a surprise in one simulation must not keep the others from running
                log.exception("simulation_broke_off")
                found = False
            if not found:
                await _first_of_async(changed, POLL_SECONDS)

    async def _take_one_async(self) -> bool:
        for run_id in await self._runs.open_ids_async():
            if run_id in self._under_way:
                continue
            self._under_way.add(run_id)
            try:
                async with holding(self._leases, f"simulation:{run_id}", LEASE_SECONDS) as held:
                    if held is None:
                        continue
                    simulation = await self._runs.begin_async(run_id, held.token)
                    if simulation is not None:
                        await self._simulate_async(run_id, simulation, held)
                    return True
            finally:
                self._under_way.discard(run_id)
        return False

    async def _simulate_async(self, run_id: str, simulation: Simulation, held: HeldLease) -> None:
        work = asyncio.create_task(self._replicate_async(run_id, simulation, held.token))
        watch = asyncio.create_task(self._until_unwanted_async(run_id, held))
        try:
            await asyncio.wait([work, watch], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (work, watch):
                task.cancel()
            await asyncio.gather(work, watch, return_exceptions=True)
        if not work.cancelled() and (error := work.exception()) is not None:
            raise error

    async def _replicate_async(self, run_id: str, simulation: Simulation, token: int) -> None:
        baseline: list[Figures] = []
        scenario: list[Figures] = []
        now = asyncio.get_running_loop().time
        told_at = now()
        specimens = 0
        try:
            async with simulating(simulation) as process:
                async for both in process.replications_async():
                    baseline.append(both.baseline)
                    scenario.append(both.scenario)
                    specimens += both.baseline.specimens + both.scenario.specimens
                    if now() - told_at >= PROGRESS_SECONDS or len(baseline) == simulation.plan.replications:
                        await self._runs.progress_async(run_id, token, len(baseline), specimens)
                        told_at = now()
        except SimulationFailedError as error:
            await self._runs.end_async(run_id, token, SimulationState.FAILED, error=str(error))
            log.warning("simulation_failed", run_id=run_id, error=str(error))
            return
        result = await asyncio.to_thread(summarize, baseline, scenario)
        await self._runs.end_async(run_id, token, SimulationState.COMPLETED, result=result)
        log.info("simulation_completed", run_id=run_id, specimens=specimens)

    async def _until_unwanted_async(self, run_id: str, held: HeldLease) -> None:
        """Return once the run was cancelled or the lease is lost."""
        while not held.lost.is_set():
            changed = self._changed
            try:
                if not await self._runs.still_runs_async(run_id, held.token):
                    return
            except UnavailableError:
                log.info("simulation_goes_on_without_the_store", run_id=run_id)
            await _first_of_async(changed, LOOK_SECONDS)

    def _on_change(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


async def _first_of_async(changed: asyncio.Event, seconds: float) -> None:
    """Wait until something was queued or cancelled, at most so long."""
    try:
        async with asyncio.timeout(seconds):
            await changed.wait()
    except TimeoutError:
        return
