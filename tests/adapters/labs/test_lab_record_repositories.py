"""What every repository of lab records promises; the fake of the unit tests and the real one alike."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from neuroglia.data.exceptions import OptimisticConcurrencyException

from domain.labs.events import LABS_EVENTS
from domain.labs.lab_record import LabRecord
from domain.labs.repositories import LabRecordRepository
from domain.labs.values import LabId, LabSnapshot, RemovalReason
from integration.labs.mongo_lab_repositories import MongoLabRecordRepository
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.event_store import MongoEventStore
from tests.support.fakes import FakeLabRecordRepository
from tests.support.tallies import HandClock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest_asyncio.fixture(params=["fake", "mongo"])
async def records(request: pytest.FixtureRequest, driver: MongoDriver) -> AsyncIterator[LabRecordRepository]:
    if request.param == "fake":
        yield FakeLabRecordRepository()
        return
    store = MongoEventStore(driver, "labs", EventCodec("labs", LABS_EVENTS), HandClock())
    await store.prepare_async()
    yield MongoLabRecordRepository(store)
    await store.close_async()


def seen(lab: str, title: str = "t") -> LabSnapshot:
    return LabSnapshot(lab_id=LabId(lab), title=title, state="STARTED")


def new(worker: str, lab: str) -> LabRecord:
    return LabRecord.create(worker, seen(lab), NOW)


async def test_records_are_found_by_id_and_by_lab(records: LabRecordRepository) -> None:
    await records.add_async(new("w1", "a"))
    assert await records.contains_async("w1.a")
    found = await records.get_by_lab_id_async("w1", "a")
    assert found is not None
    assert (found.state.id, found.state.state_version) == ("w1.a", 1)
    assert await records.get_by_lab_id_async("w2", "a") is None
    assert await records.get_async("w1.b") is None
    assert not await records.contains_async("w1.b")


async def test_a_workers_records_come_in_order_with_the_removed(records: LabRecordRepository) -> None:
    for worker, lab in (("w1", "c"), ("w1", "a"), ("w10", "b"), ("w1", "b")):
        await records.add_async(new(worker, lab))
    gone = await records.get_async("w1.b")
    assert gone is not None
    gone.remove(NOW, RemovalReason.MISSING_FROM_LISTING)
    await records.update_async(gone)
    found = await records.get_all_by_worker_async("w1")
    assert [(one.state.lab_id, one.state.removed) for one in found] == [("a", False), ("b", True), ("c", False)]
    assert await records.get_all_by_worker_async("w2") == []


async def test_a_stale_record_is_refused_and_the_others_are_stored(records: LabRecordRepository) -> None:
    assert await records.save_many_async([new("w1", lab) for lab in "abc"]) == {}
    mine = await records.get_many_async(["w1.a", "w1.b", "w1.c", "w1.d"])
    theirs = await records.get_many_async(["w1.b"])
    theirs["w1.b"].update_from_cml(seen("b", "theirs"), NOW)
    await records.update_async(theirs["w1.b"])
    for lab, record in zip("abc", mine.values(), strict=True):
        record.update_from_cml(seen(lab, "mine"), NOW)
    assert list(await records.save_many_async(list(mine.values()))) == ["w1.b"]
    assert [len(record.pending_events) for record in mine.values()] == [0, 1, 0]
    with pytest.raises(OptimisticConcurrencyException):
        await records.update_async(mine["w1.b"])
    titles = {key: one.state.title for key, one in (await records.get_many_async(list(mine))).items()}
    assert titles == {"w1.a": "mine", "w1.b": "theirs", "w1.c": "mine"}
    with pytest.raises(OptimisticConcurrencyException):
        await records.add_async(new("w1", "a"))
