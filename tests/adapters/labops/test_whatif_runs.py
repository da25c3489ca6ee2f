"""Simulations in processes of their own, recorded in a real MongoDB."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from application.labops.whatif.runs import SimulationRun, SimulationState
from domain.kernel.clock import SystemClock
from domain.labops.whatif.scenario import Policy, PolicyKind, Scenario
from domain.labops.whatif.simulation import Plan, Simulation, summarize
from integration.labops.whatif.model import replicate
from integration.labops.whatif.mongo_simulation_runs import MOST_STARTS, MongoSimulationRuns
from integration.labops.whatif.simulation_runner import SimulationRunner
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.driver import MongoDriver
from tests.support.whatif import CALIBRATION, SMALL

QUICK = Plan(3, 5, 1440.0)
LONG = Plan(2000, 5, 30 * 1440.0)
MORE = Scenario(extra_machines=1, policy=Policy(PolicyKind.PRIORITY))


@asynccontextmanager
async def running(driver: MongoDriver, holder: str = "one", at_once: int = 1) -> AsyncIterator[MongoSimulationRuns]:
    """Run simulations until the block ends; like one process of the application."""
    runs = MongoSimulationRuns(driver, SystemClock())
    runner = SimulationRunner(runs, MongoLeases(driver, holder), at_once)
    await runner.start_async()
    try:
        yield runs
    finally:
        await runner.stop_async()


async def until(runs: MongoSimulationRuns, run: SimulationRun, *states: SimulationState) -> SimulationRun:
    async with asyncio.timeout(30):
        seen: SimulationRun | None = run
        while seen is not None and seen.state not in states:
            seen = await runs.wait_for_progress_async(seen, 5.0)
    assert seen is not None
    return seen


def simulators() -> list[int]:
    """Return the processes of this one that simulate."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            line = (folder / "cmdline").read_bytes()
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue
        if b"integration.labops.whatif.worker" in line and parent == os.getpid():
            found.append(int(folder.name))
    return found


async def until_simulating() -> int:
    async with asyncio.timeout(20):
        while not (found := simulators()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return found[0]


async def test_what_a_process_finds_is_what_the_model_finds_here(driver: MongoDriver) -> None:
    async with running(driver) as runs:
        queued = await runs.queue_async("ann", CALIBRATION, MORE, QUICK)
        assert (queued.state, queued.actor) == (SimulationState.QUEUED, "ann")
        done = await until(runs, queued, SimulationState.COMPLETED)
    expected = summarize(
        [replicate(SMALL, Scenario(), QUICK, number) for number in range(3)],
        [replicate(SMALL, MORE, QUICK, number) for number in range(3)],
    )
    assert done.result == expected
    assert (done.replications_done, done.scenario, done.plan) == (3, MORE, QUICK)
    assert done.observed == CALIBRATION.observed
    assert done.specimens == expected.baseline.specimens + expected.scenario.specimens
    assert set(expected.scenario.utilisation) == {"M.1", "$M2", "extra-1"}


async def test_progress_is_seen_and_a_cancelled_one_ends_its_process(driver: MongoDriver) -> None:
    async with running(driver) as runs:
        run = await runs.queue_async("ann", CALIBRATION, MORE, LONG)
        seen = await until(runs, run, SimulationState.RUNNING)
        async with asyncio.timeout(30):
            while seen is not None and not seen.replications_done:
                seen = await runs.wait_for_progress_async(seen, 5.0)
        assert seen is not None
        assert seen.specimens > 0
        assert len(simulators()) == 1
        cancelled = await runs.cancel_async(run.run_id)
        assert cancelled is not None
        assert cancelled.state is SimulationState.CANCELLED
        async with asyncio.timeout(5):
            while simulators():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        follower = await runs.queue_async("ann", CALIBRATION, MORE, QUICK)
        await until(runs, follower, SimulationState.COMPLETED)
        kept = await runs.get_async(run.run_id)
        assert kept is not None
        assert (kept.state, kept.result) == (SimulationState.CANCELLED, None)


async def test_a_queued_one_that_is_cancelled_never_runs(driver: MongoDriver) -> None:
    runs = MongoSimulationRuns(driver, SystemClock())
    run = await runs.queue_async("ann", CALIBRATION, MORE, QUICK)
    await runs.cancel_async(run.run_id)
    assert await runs.open_ids_async() == []
    assert await runs.begin_async(run.run_id, 1) is None


async def test_one_that_is_under_way_when_the_application_stops_starts_again(driver: MongoDriver) -> None:
    plan = Plan(8, 5, 20 * 1440.0)
    async with running(driver) as runs:
        run = await runs.queue_async("ann", CALIBRATION, MORE, plan)
        await until(runs, run, SimulationState.RUNNING)
        await until_simulating()
    assert simulators() == []
    left = await runs.get_async(run.run_id)
    assert left is not None
    assert left.state is SimulationState.RUNNING
    async with running(driver, "two") as others:
        done = await until(others, left, SimulationState.COMPLETED)
    assert done.replications_done == 8


async def test_two_applications_share_the_work_and_do_nothing_twice(driver: MongoDriver) -> None:
    async with running(driver, "one") as here, running(driver, "two"):
        queued = [await here.queue_async("ann", CALIBRATION, MORE, QUICK) for _ in range(4)]
        for run in queued:
            await until(here, run, SimulationState.COMPLETED)
    documents = await driver.collection("labops_simulations").find({}).to_list(None)
    assert [document["starts"] for document in documents] == [1] * 4


async def test_a_process_that_is_killed_fails_its_run_and_no_other(driver: MongoDriver) -> None:
    async with running(driver) as runs:
        run = await runs.queue_async("ann", CALIBRATION, MORE, LONG)
        os.kill(await until_simulating(), signal.SIGKILL)
        failed = await until(runs, run, SimulationState.FAILED)
        assert failed.error == "the process ended with -9"
        await until(runs, await runs.queue_async("ann", CALIBRATION, MORE, QUICK), SimulationState.COMPLETED)


async def test_one_whose_applications_die_again_and_again_is_given_up(driver: MongoDriver) -> None:
    runs = MongoSimulationRuns(driver, SystemClock())
    run = await runs.queue_async("ann", CALIBRATION, MORE, QUICK)
    for token in range(1, MOST_STARTS + 1):
        assert await runs.begin_async(run.run_id, token) is not None
    assert await runs.begin_async(run.run_id, MOST_STARTS + 1) is None
    failed = await runs.get_async(run.run_id)
    assert failed is not None
    assert (failed.state, failed.error) == (SimulationState.FAILED, "its process ended 3 times in the middle of it")


async def test_whoever_lost_the_lease_writes_nothing_more(driver: MongoDriver) -> None:
    runs = MongoSimulationRuns(driver, SystemClock())
    run = await runs.queue_async("ann", CALIBRATION, MORE, QUICK)
    await runs.begin_async(run.run_id, 1)
    await runs.begin_async(run.run_id, 2)
    await runs.progress_async(run.run_id, 1, 2, 99)
    await runs.end_async(run.run_id, 1, SimulationState.FAILED, error="late")
    assert not await runs.still_runs_async(run.run_id, 1)
    kept = await runs.get_async(run.run_id)
    assert kept is not None
    assert (kept.state, kept.replications_done, kept.error) == (SimulationState.RUNNING, 0, None)


async def test_lists_go_from_new_to_old_without_results(driver: MongoDriver) -> None:
    async with running(driver) as runs:
        queued = [await runs.queue_async("ann", CALIBRATION, MORE, QUICK) for _ in range(3)]
        await until(runs, queued[-1], SimulationState.COMPLETED)
        first = await runs.list_async(2, None)
        rest = await runs.list_async(2, first[-1].run_id)
    assert [run.run_id for run in (*first, *rest)] == [run.run_id for run in reversed(queued)]
    assert all(run.result is None for run in first)


def test_a_simulating_process_ends_when_whoever_started_it_is_gone() -> None:
    source = Path(__file__).parents[3] / "src"
    process = subprocess.Popen(
        [sys.executable, "-m", "integration.labops.whatif.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(source)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode(Simulation(SMALL, MORE, LONG)) + b"\n")
    process.stdin.flush()
    assert process.stdout.readline()
    process.stdin.close()
    assert process.wait(10) == 1
    process.stdout.close()
