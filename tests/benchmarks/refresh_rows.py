"""A whole cycle of the refresh job against only fetching and parsing the same answers.

Both sides use the product's controller client and the job's concurrency; the controllers are one lean process. The
plain side parses every answer in full; the job tells what did not change and takes it from the cycle before. The cycle
ends when its appends are acknowledged; the projection into ``lab_records`` is measured by a row of its own.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
from cryptography.fernet import Fernet

from application.kernel.background import BackgroundWork
from application.kernel.credentials import Credentials
from application.kernel.jobs import RunOutcome
from application.labs.background_refresh import TASK_ID, BackgroundRefresh
from application.labs.ports import ControllerTarget
from application.labs.refresh_rules import RefreshSettings
from application.labs.worker_refresh import WorkerRefresh
from domain.kernel.clock import SystemClock
from domain.labs.cml_worker import CmlWorker, WorkerDetails
from integration.labs.cml_controller_client import HttpCmlControllers
from integration.labs.jobs import LabsRefreshJob
from integration.labs.mongo_lab_repositories import MongoCmlWorkerRepository
from integration.labs.mongo_sync_ledger import MongoSyncLedger
from integration.labs.mongo_worker_views import MongoWorkerViews
from integration.labs.workers_projector import WorkersProjector
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.credential_store import EncryptedCredentialStore
from integration.mongo.runs.run_history import MongoRunHistory
from integration.mongo.subscriptions.checkpoints import Checkpoint, Checkpoints
from integration.mongo.subscriptions.parked_events import ParkedEvents
from integration.mongo.subscriptions.projection_runner import ProjectionRunner
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch
from settings import LabsSettings
from tests.benchmarks.child import serving
from tests.benchmarks.material import LOG, Workbench, workbench
from tests.benchmarks.measuring import Measure, Reading, Row, alternating

WORKERS, LABS = 20, 500
CREDENTIALS = Credentials("admin", "password")


@dataclass
class Cycle:
    """One installation with its job, and a client of its own for the plain side."""

    job: LabsRefreshJob
    history: MongoRunHistory
    controllers: HttpCmlControllers
    targets: list[ControllerTarget]
    settings: LabsSettings
    counts: dict[str, int] = field(default_factory=dict)

    async def run(self) -> float:
        """Run the job once over all workers; return seconds."""
        started = time.perf_counter()
        recorder = await self.history.start_async(TASK_ID, "start", "system")
        await self.job.run_async(recorder, "start")
        await self.history.end_async(recorder, RunOutcome.SUCCEEDED, None)
        seconds = time.perf_counter() - started
        assert recorder.run.parts_failed == 0, recorder.run
        self.counts = recorder.run.counts
        return seconds

    async def fetch(self, controllers: HttpCmlControllers | None = None) -> float:
        """Only fetch and parse what such a run does; return seconds."""
        client = controllers or self.controllers
        at_once = asyncio.Semaphore(self.settings.refresh_concurrency)

        async def one(target: ControllerTarget) -> int:
            async with at_once:
                return len((await client.list_labs_async(target)).labs)

        started = time.perf_counter()
        found = await asyncio.gather(*(one(target) for target in self.targets))
        seconds = time.perf_counter() - started
        assert sum(found) == WORKERS * LABS
        return seconds


@asynccontextmanager
async def installation(uri: str, port: int) -> AsyncIterator[Cycle]:
    """Register all workers in a fresh database and put the job together as the product does."""
    async with workbench(uri) as bench:
        clock, settings = SystemClock(), LabsSettings()
        driver = bench.driver
        history, ledger = MongoRunHistory(driver), MongoSyncLedger(driver)
        await history.prepare_async()
        credentials = EncryptedCredentialStore(driver, [Fernet.generate_key().decode()])
        workers = MongoCmlWorkerRepository(bench.store)
        targets = [
            ControllerTarget(f"worker-{number:02d}", f"http://127.0.0.1:{port}/{number}", False, CREDENTIALS)
            for number in range(WORKERS)
        ]
        for target in targets:
            details = WorkerDetails(
                name=target.worker_id,
                region="eu",
                endpoint_url=target.endpoint_url,
                verify_tls=False,
                active=True,
                max_history_size=50,
            )
            await credentials.put_async(target.worker_id, CREDENTIALS)
            await workers.add_async(CmlWorker.register(target.worker_id, details, clock.now()))
        watch = ReadModelWatch(driver, Checkpoints(driver, clock))
        await _project_workers(bench, watch)
        controllers, plain = HttpCmlControllers(), HttpCmlControllers(remembers_labs=False)
        refresh = WorkerRefresh(
            workers, bench.records, controllers, credentials, ledger, MongoLeases(driver), clock, RefreshSettings()
        )
        job = LabsRefreshJob(
            MongoWorkerViews(driver, watch, ledger),
            workers,
            ledger,
            BackgroundRefresh(refresh, ledger, history, BackgroundWork()),
            clock,
            settings,
        )
        try:
            yield Cycle(job, history, plain, targets, settings)
        finally:
            await controllers.close_async()
            await plain.close_async()


async def _project_workers(bench: Workbench, watch: ReadModelWatch) -> None:
    """Build the read model in which the job looks for active workers."""
    clock = SystemClock()
    projector = WorkersProjector()
    checkpoints = Checkpoints(bench.driver, clock)
    runner = ProjectionRunner(
        projector,
        bench.store,
        bench.driver,
        MongoLeases(bench.driver),
        checkpoints,
        ParkedEvents(bench.driver, clock),
        watch,
    )
    await projector.prepare_async(bench.driver.collection("workers_v1"))
    first = Checkpoint(watch.checkpoint_id(projector.name), LOG, 0, "workers_v1", 1, projector.version)
    await runner.project_batch_async(await checkpoints.start_async(first), 1)


def _again(changing: bool) -> Measure:
    async def measure(uri: str) -> Reading:
        with serving("tests.benchmarks.tiles_server", str(WORKERS), str(LABS)) as port:
            generation = 0

            async def turn() -> None:
                nonlocal generation
                generation += 1
                async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
                    (await client.get(f"http://127.0.0.1:{port}/generation/{generation}")).raise_for_status()

            async with installation(uri, port) as cycle:
                await cycle.run()

                async def ours() -> float:
                    if changing:
                        await turn()
                    seconds = await cycle.run()
                    expected = WORKERS * LABS // 20 if changing else 0
                    assert cycle.counts.get("labs_updated", 0) == expected, cycle.counts
                    return seconds

                return await alternating(ours, cycle.fetch, rounds=7)

    return measure


async def _first(uri: str) -> Reading:
    with serving("tests.benchmarks.tiles_server", str(WORKERS), str(LABS)) as port:

        async def ours() -> float:
            async with installation(uri, port) as cycle:
                seconds = await cycle.run()
                assert cycle.counts["labs_created"] == WORKERS * LABS, cycle.counts
                return seconds

        async def baseline() -> float:
            controllers = HttpCmlControllers(remembers_labs=False)
            targets = [
                ControllerTarget(f"plain-{uuid4().hex}", f"http://127.0.0.1:{port}/{number}", False, CREDENTIALS)
                for number in range(WORKERS)
            ]
            try:
                return await Cycle(None, None, controllers, targets, LabsSettings()).fetch()  # type: ignore[arg-type]
            finally:
                await controllers.close_async()

        return await alternating(ours, baseline, rounds=3)


ROWS = (
    Row("refresh_unchanged_vs_fetch_only", 1.3, "lower", "s", _again(changing=False)),
    Row("refresh_changed_5pct_vs_fetch_only", 1.6, "lower", "s", _again(changing=True)),
    Row("first_refresh_vs_fetch_only", 4, "lower", "s", _first),
)
