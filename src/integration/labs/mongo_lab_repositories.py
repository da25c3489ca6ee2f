"""The aggregates of the labs context as streams in the labs log."""

from contextlib import suppress
from datetime import datetime

from neuroglia.data.exceptions import OptimisticConcurrencyException

from domain.kernel.stream_events import StreamDeletedDomainEvent
from domain.labs.cml_worker import CmlWorker
from domain.labs.lab_alert import LabAlert
from domain.labs.lab_record import LabRecord
from domain.labs.repositories import CmlWorkerRepository, LabAlertRepository, LabRecordRepository
from domain.labs.values import lab_record_id
from integration.mongo.events.event_sourced_repository import MongoEventSourcedRepository
from integration.mongo.events.event_store import MongoEventStore
from integration.mongo.events.snapshots import Snapshots


class MongoCmlWorkerRepository(MongoEventSourcedRepository[CmlWorker], CmlWorkerRepository):
    """Workers as streams ``cml-worker-<worker id>``."""

    def __init__(self, store: MongoEventStore, snapshots: Snapshots | None = None) -> None:
        super().__init__(store, CmlWorker, snapshots)

    async def bar_async(self, worker_id: str, at: datetime) -> None:
        tombstone = StreamDeletedDomainEvent(
            aggregate_id=worker_id, created_at=at, event_id=f"{worker_id}.1", aggregate_version=1
        )
        with suppress(OptimisticConcurrencyException):
            await self._store.commit_async(self.stream_of(worker_id), [tombstone], 0)


class MongoLabRecordRepository(MongoEventSourcedRepository[LabRecord], LabRecordRepository):
    """Lab records as streams ``lab-record-<worker id>.<lab id>``: a worker's records are a range of names."""

    def __init__(self, store: MongoEventStore, snapshots: Snapshots | None = None) -> None:
        super().__init__(store, LabRecord, snapshots)

    async def get_by_lab_id_async(self, worker_id: str, lab_id: str) -> LabRecord | None:
        return await self.get_async(lab_record_id(worker_id, lab_id))

    async def get_all_by_worker_async(self, worker_id: str) -> list[LabRecord]:
        return list((await self.get_by_id_prefix_async(f"{worker_id}.")).values())


class MongoLabAlertRepository(MongoEventSourcedRepository[LabAlert], LabAlertRepository):
    """Alerts as streams ``lab-alert-<kind>.<event id of the cause>``."""

    def __init__(self, store: MongoEventStore) -> None:
        super().__init__(store, LabAlert)
