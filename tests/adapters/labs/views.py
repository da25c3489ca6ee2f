"""Read models of the labs context over events that a test writes, without an application."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.kernel.clock import SystemClock
from domain.labs.events import LABS_EVENTS
from domain.labs.lab_record import LabRecord
from domain.labs.values import LabId, LabSnapshot
from domain.labs.worker_details import WorkerDetails
from integration.labs.lab_records_projector import LabRecordsProjector
from integration.labs.mongo_lab_repositories import MongoCmlWorkerRepository, MongoLabRecordRepository
from integration.labs.mongo_lab_views import MongoLabViews
from integration.labs.mongo_labs_event_streams import MongoLabsEventStreams
from integration.labs.mongo_sync_ledger import MongoSyncLedger
from integration.labs.mongo_worker_views import MongoWorkerViews
from integration.labs.workers_projector import WorkersProjector
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.event_store import MongoEventStore
from integration.mongo.events.snapshots import Snapshots
from integration.mongo.subscriptions.checkpoints import Checkpoints
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch
from integration.mongo.subscriptions.subscription_host import MongoSubscriptions


@dataclass
class LabsStore:
    """The labs context's storage with its projections running."""

    store: MongoEventStore
    host: MongoSubscriptions
    ledger: MongoSyncLedger
    workers: MongoCmlWorkerRepository
    records: MongoLabRecordRepository
    worker_views: MongoWorkerViews
    lab_views: MongoLabViews

    @classmethod
    async def open_async(cls, driver: MongoDriver) -> "LabsStore":
        clock = SystemClock()
        store = MongoEventStore(driver, "labs", EventCodec("labs", LABS_EVENTS), clock)
        await store.prepare_async()
        watch = ReadModelWatch(driver, Checkpoints(driver, clock))
        host = MongoSubscriptions(
            driver, MongoLeases(driver), clock, watch, [store], [], [LabRecordsProjector(), WorkersProjector()]
        )
        ledger = MongoSyncLedger(driver)
        await ledger.start_async()
        await host.start_async()
        snapshots = Snapshots(driver, "labs")
        workers = MongoWorkerViews(driver, watch, ledger)
        labs = MongoLabViews(driver, watch, ledger, workers, MongoLabsEventStreams(store))
        return cls(
            store,
            host,
            ledger,
            MongoCmlWorkerRepository(store, snapshots),
            MongoLabRecordRepository(store, snapshots),
            workers,
            labs,
        )

    async def close_async(self) -> None:
        await self.host.stop_async()
        await self.ledger.stop_async()
        await self.store.close_async()

    async def caught_up_async(self) -> None:
        head = await self.store.head_async()
        for model in ("lab_records", "workers"):
            assert await self.host.wait_async(model, head, 60)

    async def save_async(self, records: Sequence[LabRecord]) -> None:
        assert await self.records.save_many_async(records) == {}
        await self.caught_up_async()


def details(**fields: Any) -> WorkerDetails:
    standard = {"name": "w", "region": "r", "endpoint_url": "http://127.0.0.1:9", "verify_tls": True, "active": True}
    return WorkerDetails(**{**standard, "max_history_size": 3, **fields})


def snapshot(lab_id: str, **fields: Any) -> LabSnapshot:
    return LabSnapshot(**{"lab_id": LabId(lab_id), "title": lab_id, "state": "STARTED", **fields})
