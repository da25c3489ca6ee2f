"""What neuroglia's own scheduler got wrong, and what ours does instead."""

import asyncio
import itertools
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from neuroglia.application.background_scheduler import (
    BackgroundTasksBus,
    BackgroundTaskScheduler,
    BackgroundTaskSchedulerOptions,
    RecurrentTaskDescriptor,
)

from application.kernel.jobs import RunOutcome
from integration.mongo.driver import MongoDriver
from integration.scheduling.labkeeper_task_scheduler import LabkeeperTaskScheduler
from tests.support.jobs import SheetJob, Worksheet, eventually, machinery, part
from tests.support.mongo import LocalMongod, open_impatient_driver_async


async def test_the_stock_scheduler_has_no_scheduler_unless_given_one_and_ours_has(driver: MongoDriver) -> None:
    untyped: Any = BackgroundTaskScheduler
    assert untyped(BackgroundTaskSchedulerOptions(), BackgroundTasksBus())._scheduler is None
    async with machinery(driver, Worksheet()) as process:
        await process.scheduler.start_async()
        assert process.scheduler.next_run_at("sheet") is not None


async def test_jobs_are_built_by_the_container(driver: MongoDriver) -> None:
    stock: Any = BackgroundTaskScheduler(BackgroundTaskSchedulerOptions(), BackgroundTasksBus())
    unbuilt = stock.deserialize_task(SheetJob, RecurrentTaskDescriptor("sheet", "SheetJob", {}, 1))
    assert not hasattr(unbuilt, "sheet")
    async with machinery(driver, Worksheet(interval_seconds=77)) as process:
        await process.scheduler.start_async()
        await eventually(lambda: process.sheet.log == ["begin start", "end"])
        assert process.scheduler.jobs["sheet"].interval_seconds == 77


async def test_a_job_runs_at_start_and_then_at_its_interval(driver: MongoDriver) -> None:
    async with machinery(driver, Worksheet(interval_seconds=0.5)) as process:
        await process.scheduler.start_async()
        await eventually(lambda: process.sheet.log.count("end") >= 3)
        runs = (await process.runs())[::-1]
        assert [run.trigger for run in runs][:3] == ["start", "schedule", "schedule"]
        starts = [run.started_at for run in runs]
        assert min(later - earlier for earlier, later in itertools.pairwise(starts)).total_seconds() > 0.4


async def test_a_job_that_does_not_run_at_start_waits_one_interval(driver: MongoDriver) -> None:
    async with machinery(driver, Worksheet(interval_seconds=1.0, run_at_start=False)) as process:
        began = datetime.now(UTC)
        await process.scheduler.start_async()
        await eventually(lambda: "end" in process.sheet.log)
        first = (await process.runs())[-1]
        assert first.trigger == "schedule"
        assert (first.started_at - began).total_seconds() > 0.99


async def test_registering_again_replaces_the_interval(driver: MongoDriver) -> None:
    async with machinery(driver, Worksheet(interval_seconds=3600)) as process:
        await process.scheduler.start_async()
        for interval in (1800, 60):
            process.bus.schedule_task(RecurrentTaskDescriptor("sheet", "SheetJob", {}, interval))
        await eventually(lambda: process.scheduler.jobs["sheet"].interval_seconds == 60)
        assert len(process.scheduler.list_tasks()) == 1
        next_run_at = process.scheduler.next_run_at("sheet")
        assert next_run_at is not None
        assert next_run_at < datetime.now(UTC) + timedelta(seconds=61)


async def test_started_at_says_when_it_runs_first(driver: MongoDriver) -> None:
    async with machinery(driver, Worksheet(run_at_start=False)) as process:
        await process.scheduler.start_async()
        now = datetime.now(UTC)
        process.bus.schedule_task(RecurrentTaskDescriptor("sheet", "SheetJob", {}, 3600, started_at=now))
        await eventually(lambda: process.sheet.log == ["begin start", "end"])


async def test_what_is_asked_for_before_the_start_is_not_lost(driver: MongoDriver) -> None:
    async with machinery(driver, Worksheet()) as process:
        process.bus.schedule_task(RecurrentTaskDescriptor("sheet", "SheetJob", {}, 42))
        await process.scheduler.start_async()
        assert process.scheduler.jobs["sheet"].interval_seconds == 42


async def test_the_bus_outlives_a_stop_and_an_unknown_task_is_only_reported(driver: MongoDriver) -> None:
    async with machinery(driver, Worksheet()) as process:
        await process.scheduler.start_async()
        process.bus.schedule_task(RecurrentTaskDescriptor("x", "NoSuchJob", {}, 1))
        await process.scheduler.stop_async()
        process.bus.schedule_task(RecurrentTaskDescriptor("sheet", "SheetJob", {}, 42))
        await process.scheduler.start_async()
        assert process.scheduler.jobs["sheet"].interval_seconds == 42
        assert "x" not in process.scheduler.jobs


async def test_an_error_is_recorded_and_the_next_run_comes(driver: MongoDriver) -> None:
    async with machinery(driver, Worksheet(interval_seconds=0.4, error=ValueError("pass=hunter2"))) as process:
        await process.scheduler.start_async()
        await eventually(lambda: process.sheet.log.count("begin schedule") >= 1)
        runs = await process.runs()
        assert runs[-1].outcome is RunOutcome.FAILED
        assert runs[-1].error == "unexpected ValueError; the log has the details"


async def test_the_stock_stop_cancels_the_running_job_and_ours_waits_for_it(driver: MongoDriver) -> None:
    stock_log: list[str] = []
    stock_started = asyncio.Event()

    async def slow() -> None:
        stock_started.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            stock_log.append("cancelled")

    inner = AsyncIOScheduler(executors={"default": AsyncIOExecutor()}, timezone=UTC)
    stock: Any = BackgroundTaskScheduler(BackgroundTaskSchedulerOptions(), BackgroundTasksBus(), inner)
    await stock.start_async()
    inner.add_job(slow)
    await stock_started.wait()
    await stock.stop_async()
    await eventually(lambda: stock_log == ["cancelled"])

    async with machinery(driver, Worksheet(takes_seconds=0.5)) as process:
        await process.scheduler.start_async()
        await process.sheet.started.wait()
        await process.scheduler.stop_async()
        assert process.sheet.log == ["begin start", "end"]
        assert [run.outcome for run in await process.runs()] == [RunOutcome.SUCCEEDED]
        assert await process.leases.holder_async("job:sheet") is None


async def test_a_job_that_outlasts_the_grace_is_cancelled_abandoned_and_due_again(driver: MongoDriver) -> None:
    async with machinery(driver, Worksheet(takes_seconds=60)) as process:
        await process.scheduler.start_async()
        await process.sheet.started.wait()
        process.scheduler.stop_grace_seconds = 0.1
        await process.scheduler.stop_async()
        assert process.sheet.log == ["begin start", "cancelled"]
        [run] = await process.runs()
        assert (run.outcome, run.error) == (RunOutcome.ABANDONED, "its process was stopped")
    async with machinery(driver, Worksheet()) as successor:
        await successor.scheduler.start_async()
        await eventually(lambda: successor.sheet.log == ["begin start", "end"])


async def test_a_run_that_outlasts_its_interval_is_not_overlapped(driver: MongoDriver) -> None:
    async with machinery(driver, Worksheet(interval_seconds=0.1, takes_seconds=0.5)) as process:
        await process.scheduler.start_async()
        await eventually(lambda: process.sheet.log.count("end") >= 2)
        await process.scheduler.stop_async()
        assert process.sheet.log[0::2] == ["begin start"] + ["begin schedule"] * (len(process.sheet.log) // 2 - 1)
        assert set(process.sheet.log[1::2]) == {"end"}


async def test_a_job_waits_for_a_database_that_is_away(mongod_process: LocalMongod) -> None:
    driver = await open_impatient_driver_async("motor", mongod_process.uri, "test")
    async with machinery(driver, Worksheet()) as process:
        mongod_process.kill_nine()
        await process.scheduler.start_async()
        await asyncio.sleep(1)
        assert process.sheet.log == []
        await asyncio.to_thread(mongod_process.restart)
        await asyncio.to_thread(mongod_process.wait_until_primary)
        await eventually(lambda: process.sheet.log == ["begin start", "end"], 90)
    await driver.close_async()


async def test_a_module_without_jobs_and_one_that_is_missing_fail_the_registration() -> None:
    builder: Any = type("Builder", (), {"services": None})()
    with pytest.raises(Exception, match=r"tests\.support\.mongo defines no job"):
        LabkeeperTaskScheduler.configure(builder, ["tests.support.mongo"])
    with pytest.raises(ModuleNotFoundError):
        LabkeeperTaskScheduler.configure(builder, ["tests.support.nowhere"])


async def test_jobs_are_listed_with_their_next_and_last_run(driver: MongoDriver) -> None:
    async with machinery(driver, Worksheet(parts=[part("a")])) as process:
        await process.scheduler.start_async()
        await eventually(lambda: "end" in process.sheet.log)
        await process.scheduler.stop_async()
        await process.scheduler.start_async()

        def is_seen_to_be_early() -> bool:
            at = process.scheduler.next_run_at("sheet")
            return at is not None and at - datetime.now(UTC) > timedelta(seconds=3000) and process.runner.idle

        await eventually(is_seen_to_be_early)
        [status] = await process.jobs.list_async()
        assert (status.task_id, status.interval_seconds, status.running, status.leader) == ("sheet", 3600, False, None)
        assert status.last_run is not None
        assert status.last_run.counts == {"labs": 1}
        assert status.next_run_at is not None
        assert status.next_run_at - datetime.now(UTC) > timedelta(seconds=3000)


async def test_a_stop_amid_a_tick_is_no_failed_job(driver: MongoDriver, caplog: pytest.LogCaptureFixture) -> None:
    for turns_of_the_loop in range(10):
        async with machinery(driver, Worksheet(interval_seconds=0.01)) as process:
            await process.scheduler.start_async()
            for _ in range(turns_of_the_loop):
                await asyncio.sleep(0)
            await process.scheduler.stop_async()
            await asyncio.sleep(0.02)
    # A tick that outlasts its interval is a warning, and no failure.
    failures = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.getMessage() for record in failures if record.name.startswith("apscheduler")] == []
