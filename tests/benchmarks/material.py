"""What the rows work on: a database of their own, labs as controllers show them, commits as the store writes them."""

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from domain.kernel.clock import SystemClock
from domain.labs.events import LABS_EVENTS
from domain.labs.lab_record import LabRecord
from domain.labs.values import LabId, LabSnapshot
from integration.labs.mongo_lab_repositories import MongoLabRecordRepository
from integration.mongo.driver import MongoCollection, MongoDocument, MongoDriver, open_driver
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.event_store import MongoEventStore

LOG = "labs"
_BORN = datetime(2026, 1, 20, 8, tzinfo=UTC)
_numbers = itertools.count(1)


@dataclass
class Workbench:
    """A database of its own with the store and the repository of the product on it."""

    driver: MongoDriver
    store: MongoEventStore
    records: MongoLabRecordRepository

    @property
    def commits(self) -> MongoCollection:
        return self.driver.collection(f"{LOG}_commits")

    async def plain_collection(self) -> MongoCollection:
        """Return an empty collection with the indexes of a log."""
        collection = self.driver.collection(f"plain_{uuid4().hex}")
        await collection.create_index([("s", 1), ("f", 1)], unique=True)
        await collection.create_index("cmd", unique=True)
        return collection


@asynccontextmanager
async def workbench(uri: str) -> AsyncIterator[Workbench]:
    """Open a fresh database with motor; drop it at the end."""
    database = f"bench_{uuid4().hex}"
    driver = open_driver("motor", uri, database)
    store = MongoEventStore(driver, LOG, EventCodec(LOG, LABS_EVENTS), SystemClock())
    await store.prepare_async()
    try:
        yield Workbench(driver, store, MongoLabRecordRepository(store))
    finally:
        await store.close_async()
        await driver.command_async({"dropDatabase": 1})
        await driver.close_async()


def a_snapshot(number: int, **fields: Any) -> LabSnapshot:
    """Return a lab of ordinary size."""
    values: dict[str, Any] = {
        "lab_id": LabId(f"5b2c7e0a-1111-4222-8333-{number:012d}"),
        "title": f"BGP basics {number}",
        "description": "Two providers, three customers and what can go wrong between them.",
        "notes": "Start the route reflectors first.",
        "state": "STARTED",
        "owner_id": "0a1b2c3d-1111-4222-8333-944455556666",
        "owner_username": "alice",
        "owner_fullname": "Alice A.",
        "node_count": 6,
        "link_count": 7,
        "groups": ("network",),
        "cml_created_at": _BORN,
        "cml_modified_at": _BORN + timedelta(hours=number % 100),
        **fields,
    }
    return LabSnapshot(**values)


def fresh_number() -> int:
    """Return a number that no lab of this process has yet."""
    return next(_numbers)


def a_new_record(at: datetime) -> LabRecord:
    """Decide the first event of a lab that no store knows yet."""
    return LabRecord.create("worker-1", a_snapshot(fresh_number()), at)


def plain_documents(codec: EventCodec, count: int) -> list[MongoDocument]:
    """Return commits of new labs as the store writes them, ready made."""
    at = SystemClock().now()
    documents = []
    for position in range(1, count + 1):
        record = a_new_record(at)
        documents.append(_document(codec, record, position, 1, record.pending_events, at))
    return documents


def _document(
    codec: EventCodec, record: LabRecord, position: int, first: int, events: Sequence[Any], at: datetime
) -> MongoDocument:
    return {
        "_id": position,
        "s": f"lab-record-{record.state.id}",
        "f": first,
        "v": first + len(events) - 1,
        "e": [codec.encode(event) for event in events],
        "cmd": f"{uuid4().hex}:1",
        "meta": {"actor": "system", "correlation": uuid4().hex},
        "at": at,
    }


async def write_labs(bench: Workbench, labs: int, changes: int) -> None:
    """Fill the log: each lab is created and then changed so many times, one commit each."""
    at = SystemClock().now()
    snapshots = [a_snapshot(fresh_number()) for _ in range(labs)]
    records = [LabRecord.create("worker-1", snapshot, at) for snapshot in snapshots]
    await bench.records.save_many_async(records)
    for number in range(changes):
        for record, snapshot in zip(records, snapshots, strict=True):
            record.update_from_cml(a_changed(snapshot, number), at + timedelta(seconds=number + 1))
        await bench.records.save_many_async(records)


def a_changed(snapshot: LabSnapshot, number: int) -> LabSnapshot:
    """Return the lab with another title, and every third time with another state."""
    state = ("STARTED", "STOPPED")[number // 3 % 2]
    values = {name: getattr(snapshot, name) for name in LabSnapshot.__slots__}
    return LabSnapshot(**{**values, "title": f"{snapshot.title} ({number})", "state": state})
