"""Records of ordinary size, and a read model of them that is put together in bulk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from application.contracts.memberships import Memberships, OpportunityView
from domain.kernel.clock import SystemClock
from domain.records.json_text import to_text
from domain.records.record_history import COLUMNS, LabsRecordHistory
from domain.records.values import LabsRecord
from integration.mongo.driver import MongoDriver, open_driver
from integration.mongo.subscriptions.checkpoints import Checkpoint, Checkpoints
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch
from integration.records.index_tokens import tokens_of
from integration.records.labs_records_projector import LOG, LabsRecordsProjector, document_after
from integration.records.mongo_labs_record_repository import MongoLabsRecordRepository
from integration.records.record_documents import Document
from integration.records.record_ids import RecordIds
from integration.records.record_log import RecordLog, open_records_log
from integration.records.record_reader import RecordReader
from tests.support.records import GivenMemberships

READER, OPPORTUNITY = "asha", 814
COLLECTION = "labs_records_v1"
_AT_ONCE = 5_000
_filled: dict[tuple[str, int], str] = {}
"""Databases by MongoDB and number of records."""


def some_data(number: int, group: int) -> dict[str, Any]:
    """Return the data of a task of ordinary size; ``group`` is what is looked for."""
    return {
        "title": f"Call worker {number}",
        "description": "The last three visits lie far from each other; ask what happened on the way.",
        "status": ("investigating", "flw_action_in_progress", "closed")[number % 3],
        "priority": ("low", "medium", "high")[number // 3 % 3],
        "case_id": f"case-{group}",
        "flw_name": f"Worker {number % 997}",
        "audit_session_id": number % 5_000,
        "events": [
            {"event_type": "created", "actor": "asha", "timestamp": "2026-10-02T08:00:00Z", "comment": ""},
            {"event_type": "commented", "actor": "brian", "timestamp": "2026-10-03T09:30:00Z", "comment": "Called."},
        ],
    }


def a_task(number: int, group: int) -> LabsRecord:
    """Return a task of the opportunity."""
    return LabsRecord(
        id=number,
        experiment="tasks",
        type="Task",
        data=some_data(number, group),
        username=READER,
        opportunity_id=OPPORTUNITY,
    )


def as_answered(record: LabsRecord) -> dict[str, Any]:
    """Return a record as the system of record has it."""
    return {"id": record.id, "data": record.data, **{name: getattr(record, name) for name in COLUMNS}}


async def filled_async(uri: str, count: int, groups: int) -> str:
    """Return a database with the read model of so many tasks, as many in each group. It is made once and then kept.

    The documents are made as the projector makes them and written in bulk, its indexes after them.
    """
    if (uri, count) not in _filled:
        _filled[uri, count] = await _fill_async(uri, count, groups)
    return _filled[uri, count]


async def _fill_async(uri: str, count: int, groups: int) -> str:
    database = f"bench_{uuid4().hex}"
    driver = open_driver("motor", uri, database)
    projector = LabsRecordsProjector()
    collection = driver.collection(COLLECTION)
    _check_document()
    for start in range(0, count, _AT_ONCE):
        numbers = range(start + 1, min(start + _AT_ONCE, count) + 1)
        await collection.insert_many([_document(a_task(one, one % groups)) for one in numbers], ordered=False)
    await projector.prepare_async(collection)
    first = Checkpoint(ReadModelWatch.checkpoint_id(projector.name), LOG, 0, COLLECTION, 1, projector.version)
    await Checkpoints(driver, SystemClock()).start_async(first)
    await driver.close_async()
    return database


def _document(record: LabsRecord) -> Document:
    document: Document = {"_id": record.id}
    document.update((name, getattr(record, name)) for name in COLUMNS)
    document.update(data=to_text(record.data), version=1, since=1, public_since=1, tokens=tokens_of(record))
    return document


def _check_document() -> None:
    """See to it that these are the projector's documents."""
    record, history = a_task(1, 1), LabsRecordHistory()
    history.become(record, SystemClock().now())
    [event] = history.pending_events
    assert document_after(None, event) == {name: v for name, v in _document(record).items() if name != "tokens"}


@asynccontextmanager
async def reading(uri: str, database: str) -> AsyncIterator["Reading"]:
    """Open our own store on a read model that is there already, without anything that writes."""
    clock, driver = SystemClock(), open_driver("motor", uri, database)
    watch = ReadModelWatch(driver, Checkpoints(driver, clock))
    watch.start()
    store = open_records_log(driver, clock)
    try:
        yield Reading(driver, watch, RecordLog(driver, store, clock))
    finally:
        await watch.stop_async()
        await store.close_async()
        await driver.close_async()


class Reading:
    """Gives out repositories that remember nothing of earlier ones."""

    def __init__(self, driver: MongoDriver, watch: ReadModelWatch, log: RecordLog) -> None:
        self._driver = driver
        self._watch = watch
        self._log = log
        view = OpportunityView(id=OPPORTUNITY, name="CHC Round 3", organization="lwala")
        self._memberships = GivenMemberships({READER: Memberships(opportunities=(view,))})

    def repository(self) -> MongoLabsRecordRepository:
        reader = RecordReader(self._driver, self._watch, self._log)
        return MongoLabsRecordRepository(self._log, reader, RecordIds(self._driver, self._log.clock), self._memberships)
