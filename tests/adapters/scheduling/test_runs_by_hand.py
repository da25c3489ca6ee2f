"""Runs that somebody asks for, and how runs end."""

import asyncio
from contextvars import ContextVar
from datetime import datetime

import pytest

from application.kernel.jobs import JobAlreadyRunningError, RunOutcome
from domain.kernel.errors import UnavailableError
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.driver import MongoDriver
from tests.support.jobs import SheetJob, Worksheet, eventually, machinery, part
from tests.support.mongo import LocalMongod, open_impatient_driver_async


async def test_a_run_is_answered_at_once_and_goes_on_in_the_background(driver: MongoDriver) -> None:
    gate = asyncio.Event()
    async with machinery(driver, Worksheet(run_at_start=False, gate=gate)) as process:
        await process.scheduler.start_async()
        run = await process.jobs.trigger_async("sheet", "ann")
        assert run is not None
        assert (run.outcome, run.trigger, run.actor) == (RunOutcome.RUNNING, "manual", "ann")
        [status] = await process.jobs.list_async()
        assert status.running
        gate.set()
        ended = await process.history.wait_for_progress_async(run, 60)
        assert ended is not None
        assert ended.outcome is RunOutcome.SUCCEEDED


async def test_there_is_no_run_of_a_job_that_does_not_exist(driver: MongoDriver) -> None:
    async with machinery(driver, Worksheet(run_at_start=False)) as process:
        await process.scheduler.start_async()
        assert await process.jobs.trigger_async("nonsense", "ann") is None


async def test_there_is_never_a_second_run_here_or_in_another_process(driver: MongoDriver) -> None:
    gate = asyncio.Event()
    slow, other = Worksheet(run_at_start=False, gate=gate), Worksheet(run_at_start=False)
    async with machinery(driver, slow) as here, machinery(driver, other) as there:
        await here.scheduler.start_async()
        await there.scheduler.start_async()
        await asyncio.sleep(0.2)
        answers = await asyncio.gather(
            *(process.jobs.trigger_async("sheet", "ann") for process in (here, here, here)), return_exceptions=True
        )
        assert sorted(type(answer).__name__ for answer in answers) == ["JobAlreadyRunningError"] * 2 + ["JobRun"]
        with pytest.raises(JobAlreadyRunningError):
            await there.jobs.trigger_async("sheet", "bob")
        gate.set()
        await eventually(lambda: "end" in slow.log)
        await eventually(lambda: here.runner.idle)
        assert (await there.run_once()).outcome is RunOutcome.SUCCEEDED


async def test_a_hundred_tries_at_once_give_one_run(driver: MongoDriver) -> None:
    gate = asyncio.Event()
    sheet = Worksheet(run_at_start=False, gate=gate)
    async with machinery(driver, sheet) as here, machinery(driver, sheet) as there:
        await here.scheduler.start_async()
        await there.scheduler.start_async()
        await asyncio.sleep(0.2)
        both = [here, there] * 50
        await asyncio.gather(*(process.jobs.trigger_async("sheet", "ann") for process in both), return_exceptions=True)
        gate.set()
        await eventually(lambda: "end" in sheet.log)
        assert sheet.log == ["begin manual", "end"]


async def test_ticks_that_are_only_early_turn_no_run_by_hand_away(driver: MongoDriver) -> None:
    sheet = Worksheet(run_at_start=False)
    async with machinery(driver, sheet) as here, machinery(driver, sheet) as there:
        await here.scheduler.start_async()
        await here.run_once()
        await eventually(lambda: here.runner.idle)
        ticks = [process.runner.tick_async(SheetJob, "sheet", "schedule", 3600) for process in (here, there) * 20]
        run, *looked = await asyncio.gather(here.jobs.trigger_async("sheet", "ann"), *ticks)
        assert run is not None
        assert {tick.result for tick in looked} <= {"early", "held"}
        await eventually(lambda: sheet.log == ["begin manual", "end"] * 2)


async def test_a_run_knows_nothing_of_the_request_that_asked_for_it(driver: MongoDriver) -> None:
    asked: ContextVar[str] = ContextVar("asked", default="nobody")
    seen: list[str] = []

    class Looking(list[str]):
        def append(self, _entry: str) -> None:
            seen.append(asked.get())

    async with machinery(driver, Worksheet(run_at_start=False, log=Looking())) as process:
        await process.scheduler.start_async()
        asked.set("ann")
        await process.run_once()
        assert seen == ["nobody", "nobody"]


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([RunOutcome.SUCCEEDED, RunOutcome.SUCCEEDED], RunOutcome.SUCCEEDED),
        ([RunOutcome.SUCCEEDED, RunOutcome.FAILED], RunOutcome.PARTIAL),
        ([RunOutcome.FAILED, RunOutcome.FAILED], RunOutcome.FAILED),
        ([], RunOutcome.SUCCEEDED),
    ],
)
async def test_the_parts_decide_how_a_run_ended(
    driver: MongoDriver, outcomes: list[RunOutcome], expected: RunOutcome
) -> None:
    sheet = Worksheet(run_at_start=False, parts=[part(str(n), outcome) for n, outcome in enumerate(outcomes)])
    async with machinery(driver, sheet) as process:
        await process.scheduler.start_async()
        await asyncio.sleep(0.1)
        assert (await process.run_once()).outcome is expected


async def test_a_run_past_its_deadline_is_cancelled_and_timed_out(driver: MongoDriver) -> None:
    sheet = Worksheet(run_at_start=False, takes_seconds=60, deadline_seconds=0.2)
    async with machinery(driver, sheet) as process:
        await process.scheduler.start_async()
        await asyncio.sleep(0.1)
        run = await process.run_once()
        assert (run.outcome, run.error) == (RunOutcome.TIMED_OUT, "not done after 0.2 s")
        assert sheet.log == ["begin manual", "cancelled"]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (TimeoutError("inner"), "unexpected TimeoutError; the log has the details"),
        (UnavailableError("the store gives no answer"), "the store gives no answer"),
    ],
)
async def test_an_error_of_the_job_fails_the_run(driver: MongoDriver, error: Exception, text: str) -> None:
    async with machinery(driver, Worksheet(run_at_start=False, error=error)) as process:
        await process.scheduler.start_async()
        await asyncio.sleep(0.1)
        run = await process.run_once()
        assert (run.outcome, run.error) == (RunOutcome.FAILED, text)


async def test_the_lease_is_renewed_for_as_long_as_the_job_runs(driver: MongoDriver) -> None:
    gate = asyncio.Event()
    ends_at: set[datetime] = set()

    async def renewed_twice() -> bool:
        lease = await driver.collection("leases").find_one({"_id": "job:sheet"})
        assert lease is not None
        ends_at.add(lease["expires_at"])
        return len(ends_at) > 2

    async with machinery(driver, Worksheet(run_at_start=False, gate=gate), ttl_seconds=6) as process:
        await process.scheduler.start_async()
        await process.jobs.trigger_async("sheet", "ann")
        await eventually(renewed_twice)
        gate.set()
        await eventually(lambda: process.runner.idle)
        assert [run.outcome for run in await process.runs()] == [RunOutcome.SUCCEEDED]


async def test_a_job_stops_when_its_lease_is_lost(driver: MongoDriver) -> None:
    sheet = Worksheet(run_at_start=False, takes_seconds=60)
    async with machinery(driver, sheet, ttl_seconds=6) as process:
        await process.scheduler.start_async()
        await process.jobs.trigger_async("sheet", "ann")
        await sheet.started.wait()
        await driver.collection("leases").update_one({"_id": "job:sheet"}, {"$set": {"holder": "thief"}})
        await eventually(lambda: "cancelled" in sheet.log)
        await eventually(lambda: process.runner.idle)
        [run] = await process.runs()
        assert (run.outcome, run.error) == (RunOutcome.ABANDONED, "another process holds its lease")


async def test_a_job_stops_before_a_lease_that_cannot_be_renewed_runs_out(mongod_process: LocalMongod) -> None:
    driver = await open_impatient_driver_async("motor", mongod_process.uri, "test")
    sheet = Worksheet(run_at_start=False, takes_seconds=600)
    async with machinery(driver, sheet, ttl_seconds=3) as process:
        await process.scheduler.start_async()
        await asyncio.sleep(0.1)
        await process.jobs.trigger_async("sheet", "ann")
        await sheet.started.wait()
        mongod_process.kill_nine()
        await eventually(lambda: "cancelled" in sheet.log)
    await driver.close_async()


async def test_a_run_of_a_dead_process_is_closed_by_the_next_one(driver: MongoDriver) -> None:
    async with machinery(driver, Worksheet(), ttl_seconds=6) as process:
        dead = MongoLeases(driver, "dead")
        await dead.try_acquire_async("job:sheet", 600)
        await process.history.start_async("sheet", "schedule", "system")
        await process.scheduler.start_async()
        await asyncio.sleep(0.3)
        assert process.sheet.log == []
        await driver.collection("leases").update_one({"_id": "job:sheet"}, [{"$set": {"expires_at": "$$NOW"}}])
        await eventually(lambda: process.sheet.log == ["begin start", "end"])
        await eventually(lambda: process.runner.idle)
        assert [run.outcome for run in await process.runs()] == [RunOutcome.SUCCEEDED, RunOutcome.ABANDONED]
