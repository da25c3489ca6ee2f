"""Jobs for tests, and a whole job machinery on a test's database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from neuroglia.application.background_scheduler import BackgroundTasksBus

from application.kernel.jobs import JobRun, Jobs, LabkeeperJob, RunHistory, RunOutcome, RunPart, RunRecorder
from application.kernel.leases import Leases
from application.kernel.services import LabkeeperServiceCollection
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.driver import MongoDriver
from integration.mongo.runs.run_history import MongoRunHistory
from integration.scheduling.job_runner import JobRunner
from integration.scheduling.labkeeper_task_scheduler import LabkeeperTaskScheduler


@dataclass
class Worksheet:
    """What a job of a test is to do, and what it did. It goes on behind a ``gate`` once that is open."""

    interval_seconds: float = 3600.0
    deadline_seconds: float = 60.0
    run_at_start: bool = True
    takes_seconds: float = 0.0
    gate: asyncio.Event | None = None
    error: Exception | None = None
    parts: list[RunPart] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    started: asyncio.Event = field(default_factory=asyncio.Event)


class SheetJob(LabkeeperJob):
    """Does what its worksheet says. The worksheet comes from the container, the interval from the constructor."""

    task_id = "sheet"
    description = "Does what the worksheet says"

    def __init__(self, sheet: Worksheet) -> None:
        self.sheet = sheet
        self.interval_seconds = sheet.interval_seconds
        self.deadline_seconds = sheet.deadline_seconds
        self.run_at_start = sheet.run_at_start

    async def run_async(self, recorder: RunRecorder, trigger: str) -> None:
        self.sheet.log.append(f"begin {trigger}")
        self.sheet.started.set()
        try:
            for part in self.sheet.parts:
                await recorder.part_async(part)
            await asyncio.sleep(self.sheet.takes_seconds)
            if self.sheet.gate is not None:
                await self.sheet.gate.wait()
            if self.sheet.error is not None:
                raise self.sheet.error
        except asyncio.CancelledError:
            self.sheet.log.append("cancelled")
            raise
        self.sheet.log.append("end")


def part(part_id: str, outcome: RunOutcome = RunOutcome.SUCCEEDED) -> RunPart:
    return RunPart(part_id, outcome, {"labs": 1})


class _Builder:
    def __init__(self) -> None:
        self.services = LabkeeperServiceCollection()


@dataclass
class Machinery:
    """One process' worth of jobs."""

    sheet: Worksheet
    scheduler: LabkeeperTaskScheduler
    runner: JobRunner
    jobs: Jobs
    history: MongoRunHistory
    leases: MongoLeases
    bus: BackgroundTasksBus

    async def runs(self) -> list[JobRun]:
        return await self.history.list_async("sheet", 100, None)

    async def run_once(self) -> JobRun:
        """Trigger the job and wait for its end."""
        run: JobRun | None = await self.jobs.trigger_async("sheet", "ann")
        while run is not None and not run.ended:
            run = await self.history.wait_for_progress_async(run, 5)
        assert run is not None
        return run


@asynccontextmanager
async def machinery(
    driver: MongoDriver, sheet: Worksheet, ttl_seconds: float = 60.0, module: str = "tests.support.jobs"
) -> AsyncIterator[Machinery]:
    """Register everything as an application does, hand it out unstarted, and stop it in the end."""
    builder = _Builder()
    history, leases = MongoRunHistory(driver), MongoLeases(driver)
    await history.prepare_async()
    builder.services.add_singleton(MongoDriver, singleton=driver)
    builder.services.add_singleton(Worksheet, singleton=sheet)
    builder.services.add_singleton(RunHistory, singleton=history)
    builder.services.add_singleton(Leases, singleton=leases)
    LabkeeperTaskScheduler.configure(builder, [module], lease_ttl_seconds=ttl_seconds)
    provider = builder.services.build()
    scheduler = provider.get_required_service(LabkeeperTaskScheduler)
    runner, jobs = provider.get_required_service(JobRunner), provider.get_required_service(Jobs)
    bus = provider.get_required_service(BackgroundTasksBus)
    try:
        yield Machinery(sheet, scheduler, runner, jobs, history, leases, bus)
    finally:
        await scheduler.stop_async()


async def eventually(condition: object, seconds: float = 60.0) -> None:
    """Wait until a condition (a callable, maybe asynchronous) holds."""
    assert callable(condition)
    async with asyncio.timeout(seconds):
        while True:
            held = condition()
            if asyncio.iscoroutine(held):
                held = await held
            if held:
                return
            await asyncio.sleep(0.02)
