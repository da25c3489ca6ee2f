"""Stores of records for tests: who belongs where, and what a contract suite needs of an adapter."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from application.contracts.memberships import (
    MembershipDirectory,
    Memberships,
    OpportunityView,
    OrganizationView,
    ProgramView,
)
from domain.kernel.clock import Clock, SystemClock
from domain.records.repositories import LabsRecordRepository
from domain.records.values import LabsRecord, RecordItem, RecordScope
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_store import MongoEventStore
from integration.mongo.subscriptions.checkpoints import Checkpoints
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch
from integration.mongo.subscriptions.subscription_host import MongoSubscriptions
from integration.records.labs_records_projector import LabsRecordsProjector
from integration.records.mongo_labs_record_repository import MongoLabsRecordRepository
from integration.records.mongo_record_histories import MongoRecordHistories
from integration.records.record_ids import RecordIds
from integration.records.record_log import RecordLog, open_records_log
from integration.records.record_reader import RecordReader

ASHA, BEN, NOBODY = "asha", "ben", "nobody-knows-me"
"""Asha belongs to organisation 1 with programs 12 and 13 and opportunities 814 and 815; Ben to organisation 2 with
program 22 and opportunities 824 and, because his program owns it, 815."""
OWN = RecordScope(opportunity_id=814)
OTHER = RecordScope(opportunity_id=824)
SHARED = RecordScope(opportunity_id=815)
PROGRAM = RecordScope(program_id=12)
ORGANIZATION = RecordScope(organization_id=1)


class GivenMemberships(MembershipDirectory):
    """Memberships as a test says."""

    def __init__(self, of: dict[str, Memberships]) -> None:
        self._of = of

    async def of_async(self, username: str) -> Memberships:
        return self._of.get(username, Memberships())

    async def knows_async(self, username: str) -> bool:
        return username in self._of


def two_strangers() -> GivenMemberships:
    """Return Asha and Ben, who share one opportunity and nothing else."""
    lwala = OrganizationView(id=1, slug="lwala", name="Lwala")
    dimagi = OrganizationView(id=2, slug="dimagi", name="Dimagi")
    shared = OpportunityView(id=815, name="CHC shared", organization="lwala", program=22)
    asha = Memberships(
        (lwala,),
        (ProgramView(id=12, name="CHC", organization="lwala"), ProgramView(id=13, name="KMC", organization="lwala")),
        (OpportunityView(id=814, name="CHC Round 3", organization="lwala", program=12), shared),
    )
    ben = Memberships(
        (dimagi,),
        (ProgramView(id=22, name="MBW", organization="dimagi"),),
        (shared, OpportunityView(id=824, name="MBW", organization="dimagi", program=22)),
    )
    return GivenMemberships({ASHA: asha, BEN: ben})


@dataclass
class RecordStore(ABC):
    """One adapter under test.

    Attributes:
        records: the port; the users are those of ``two_strangers``, and there is no record yet.
        keeps_order: whether data comes back with its keys in the order that was given.
        tells_foreign_ids_from_free_ones: whether an id that is given for a new record is known to be free.
    """

    records: LabsRecordRepository
    keeps_order: bool = True
    tells_foreign_ids_from_free_ones: bool = True

    @abstractmethod
    async def another_async(self) -> LabsRecordRepository:
        """Return the same store as another process sees it."""


@dataclass
class LocalStore(RecordStore):
    """Our own store with its projection running, like one process."""

    driver: MongoDriver | None = None
    log: RecordLog | None = None
    reader: RecordReader | None = None
    host: MongoSubscriptions | None = None
    histories: MongoRecordHistories | None = None
    ids: RecordIds | None = None

    async def another_async(self) -> LabsRecordRepository:
        assert self.driver is not None
        assert self.log is not None
        assert self.host is not None
        log = RecordLog(self.driver, self.log.store, self.log.clock)
        reader = RecordReader(self.driver, self.host.watch, log)
        return MongoLabsRecordRepository(log, reader, RecordIds(self.driver, log.clock), two_strangers())


@asynccontextmanager
async def local_store(
    driver: MongoDriver, clock: Clock | None = None, memberships: MembershipDirectory | None = None
) -> AsyncIterator[LocalStore]:
    """Run our own store until the block ends."""
    clock = clock or SystemClock()
    memberships = memberships or two_strangers()
    events: MongoEventStore = open_records_log(driver, clock)
    await events.prepare_async()
    ids = RecordIds(driver, clock)
    await ids.prepare_async()
    watch = ReadModelWatch(driver, Checkpoints(driver, clock))
    host = MongoSubscriptions(driver, MongoLeases(driver), clock, watch, [events], [], [LabsRecordsProjector()])
    await host.start_async()
    log = RecordLog(driver, events, clock)
    reader = RecordReader(driver, watch, log)
    repository = MongoLabsRecordRepository(log, reader, ids, memberships)
    try:
        yield LocalStore(
            records=repository,
            driver=driver,
            log=log,
            reader=reader,
            host=host,
            histories=MongoRecordHistories(events, reader, memberships),
            ids=ids,
        )
    finally:
        await host.stop_async()
        await events.close_async()


def new(scope: RecordScope = OWN, **fields: Any) -> RecordItem:
    """Return an item that inserts a record."""
    named = {f"{kind.value}_id": number for kind, number in scope.parts}
    return RecordItem(fields={"experiment": "tasks", "type": "Task", "data": {"title": "Call"}, **named, **fields})


def change(record_id: int, expected: LabsRecord | None = None, **fields: Any) -> RecordItem:
    """Return an item that changes a record."""
    return RecordItem(record_id, fields, expected)


def ids_of(records: Sequence[LabsRecord]) -> list[int]:
    return [record.id for record in records]
