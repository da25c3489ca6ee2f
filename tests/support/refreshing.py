"""Refreshes of one worker as one process does them: real store, real HTTP, a clock moved by hand."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cryptography.fernet import Fernet

from application.kernel.credentials import Credentials
from application.labs.refresh_report import RefreshReport
from application.labs.refresh_rules import RefreshSettings
from application.labs.worker_refresh import WorkerRefresh
from domain.labs.cml_worker import CmlWorker, WorkerDetails
from domain.labs.events import LABS_EVENTS
from domain.labs.lab_record import LabRecord
from integration.http.retry import RetryPolicy
from integration.labs.cml_controller_client import HttpCmlControllers
from integration.labs.mongo_lab_repositories import MongoCmlWorkerRepository, MongoLabRecordRepository
from integration.labs.mongo_sync_ledger import MongoSyncLedger
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.credential_store import EncryptedCredentialStore
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.event_store import MongoEventStore
from tests.support.tallies import HandClock

WORKER = "worker-1"
KEY = Fernet.generate_key().decode()


@dataclass
class Refreshing:
    """One process' worth of refreshing, and what a test asks about its effect."""

    store: MongoEventStore
    workers: MongoCmlWorkerRepository
    records: MongoLabRecordRepository
    ledger: MongoSyncLedger
    leases: MongoLeases
    refresh: WorkerRefresh
    clock: HandClock

    async def worker(self) -> CmlWorker:
        found = await self.workers.get_async(WORKER)
        assert found is not None
        return found

    async def run(self, *, forced: bool = False, dry_run: bool = False) -> RefreshReport:
        """Refresh as the job does; a minute passes before."""
        self.clock.move(60)
        return await self.refresh.refresh_async(
            await self.worker(), await self.ledger.get_async(WORKER), forced=forced, dry_run=dry_run
        )

    async def present(self) -> dict[str, LabRecord]:
        """Return the records that are not removed, by lab id."""
        found = await self.records.get_all_by_worker_async(WORKER)
        return {record.state.lab_id: record for record in found if not record.state.removed}

    async def facts(self) -> Counter[str]:
        """Return how often each kind of event happened, by the middle of its name."""
        facts, _ = await self.store.read_log_async(0, 100_000)
        return Counter(fact.event.event_type.split(".")[1] for fact in facts)


@asynccontextmanager
async def refreshing(driver: MongoDriver, url: str, clock: HandClock | None = None) -> AsyncIterator[Refreshing]:
    """Be a process that refreshes the one worker at ``url``; the worker is registered if it is not yet."""
    clock = clock or HandClock()
    store = MongoEventStore(driver, "labs", EventCodec("labs", LABS_EVENTS), clock)
    await store.prepare_async()
    workers, records = MongoCmlWorkerRepository(store), MongoLabRecordRepository(store)
    ledger, leases = MongoSyncLedger(driver), MongoLeases(driver)
    credentials = EncryptedCredentialStore(driver, [KEY])
    controllers = HttpCmlControllers(
        retry=RetryPolicy(attempts=2, base_seconds=0.01), request_timeout_seconds=30.0, failure_threshold=50
    )
    settings = RefreshSettings(timedelta(minutes=30), 60.0)
    refresh = WorkerRefresh(workers, records, controllers, credentials, ledger, leases, clock, settings)
    process = Refreshing(store, workers, records, ledger, leases, refresh, clock)
    try:
        if await workers.get_async(WORKER) is None:
            details: dict[str, Any] = {"verify_tls": False, "active": True, "max_history_size": 50}
            about = WorkerDetails(name="one", region="here", endpoint_url=url, **details)
            await workers.add_async(CmlWorker.register(WORKER, about, clock.now()))
            await credentials.put_async(WORKER, Credentials("admin", "password"))
        yield process
    finally:
        await store.close_async()
        await controllers.close_async()
