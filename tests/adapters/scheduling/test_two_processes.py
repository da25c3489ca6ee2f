"""Two processes on one database: a job runs once, and the survivor goes on. neuroglia's own ran it in both."""

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio

from application.kernel.jobs import RunOutcome
from integration.mongo.driver import MongoDriver
from integration.mongo.runs.run_history import MongoRunHistory
from tests.support.jobs import eventually

ROOT = Path(__file__).parents[3]
Launch = Callable[[float, float], Awaitable[asyncio.subprocess.Process]]


@pytest_asyncio.fixture
async def launch(mongo_uri: str, database_name: str) -> AsyncIterator[Launch]:
    processes: list[asyncio.subprocess.Process] = []

    async def launch_async(interval: float, takes: float) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.support.job_process", mongo_uri, database_name, str(interval), str(takes)),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
            stdout=asyncio.subprocess.PIPE,
        )
        processes.append(process)
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 120) == b"started\n"
        return process

    yield launch_async
    for process in processes:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def executions(driver: MongoDriver) -> list[dict[str, Any]]:
    return await driver.collection("executions").find().sort("began", 1).to_list(None)


async def test_an_interval_is_run_once_and_runs_never_overlap(driver: MongoDriver, launch: Launch) -> None:
    both = await asyncio.gather(launch(0.5, 0.1), launch(0.5, 0.1))

    async def enough() -> bool:
        return len(await executions(driver)) >= 12

    await eventually(enough)
    for process in both:
        process.send_signal(signal.SIGTERM)
    assert [await process.wait() for process in both] == [0, 0]

    runs = await executions(driver)
    history = await MongoRunHistory(driver).list_async("writing", 100, None)
    assert len(history) == len(runs)
    assert {run.outcome for run in history} == {RunOutcome.SUCCEEDED}
    for earlier, later in itertools.pairwise(runs):
        assert later["began"] >= earlier["ended"]
    starts = sorted(run.started_at for run in history)
    shortest = min(later - earlier for earlier, later in itertools.pairwise(starts))
    assert shortest > timedelta(seconds=0.49), "at most one start per interval"


async def test_the_survivor_takes_over_from_a_process_that_was_killed(driver: MongoDriver, launch: Launch) -> None:
    first = await launch(3600, 60)

    async def begun_by(process: asyncio.subprocess.Process) -> bool:
        return any(run["pid"] == process.pid for run in await executions(driver))

    await eventually(lambda: begun_by(first))
    second = await launch(3600, 0.1)
    await asyncio.sleep(0.5)
    assert not await begun_by(second)
    first.kill()
    await eventually(lambda: begun_by(second))
    runs = await MongoRunHistory(driver).list_async("writing", 10, None)
    assert runs[-1].outcome is RunOutcome.ABANDONED
    assert runs[-1].error == "its process ended in the middle of the run"
