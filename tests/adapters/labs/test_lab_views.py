"""Labs as people see them, on both drivers."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import orjson
import pytest
import pytest_asyncio

from application.labs.sync_ledger import WorkerSync
from application.labs.views import LAB_SORTS, LabFilter
from domain.labs.cml_worker import CmlWorker
from domain.labs.lab_record import LabRecord
from domain.labs.values import RemovalReason
from integration.mongo.driver import MongoDriver
from tests.adapters.labs.views import LabsStore, details, snapshot

pytestmark = pytest.mark.parametrize("driver_name", ["motor", "pymongo"], indirect=True)
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORKER = str(uuid.UUID(int=1))


@pytest_asyncio.fixture
async def labs(driver: MongoDriver) -> AsyncIterator[LabsStore]:
    opened = await LabsStore.open_async(driver)
    await opened.workers.add_async(CmlWorker.register(WORKER, details(name="one"), AT))
    yield opened
    await opened.close_async()


async def test_an_answer_of_a_worker_is_kept_until_something_changes(labs: LabsStore) -> None:
    record = LabRecord.create(WORKER, snapshot("a"), AT, 3)
    await labs.save_async([record])
    first = await labs.lab_views.list_of_worker_async(WORKER, include_removed=False)
    assert [item["id"] for item in orjson.loads(first.body)] == ["a"]
    assert (await labs.lab_views.list_of_worker_async(WORKER, include_removed=False)).tag == first.tag
    record.update_from_cml(snapshot("a", title="new"), AT)
    await labs.save_async([record])
    second = await labs.lab_views.list_of_worker_async(WORKER, include_removed=False)
    assert second.tag != first.tag
    await labs.ledger.put_async(WorkerSync(WORKER, last_synced_at=AT))
    third = await labs.lab_views.list_of_worker_async(WORKER, include_removed=False)
    assert (third.last_synced_at, third.tag != second.tag) == (AT, True)
    record.remove(AT, RemovalReason.MISSING_FROM_LISTING)
    await labs.save_async([record])
    assert (await labs.lab_views.list_of_worker_async(WORKER, include_removed=False)).body == b"[]"
    assert len(orjson.loads((await labs.lab_views.list_of_worker_async(WORKER, include_removed=True)).body)) == 1


async def test_every_sort_pages_without_gap_or_double(labs: LabsStore) -> None:
    records = [
        LabRecord.create(
            WORKER,
            snapshot(
                f"l{number}",
                title="same" if number % 2 else f"t{number}",
                owner_username=None if number % 3 else "u",
                node_count=number % 2,
                cml_created_at=None if number % 4 else AT + timedelta(days=number),
            ),
            AT,
        )
        for number in range(9)
    ]
    await labs.save_async(records)
    for sort in (*LAB_SORTS, *(f"-{field}" for field in LAB_SORTS)):
        whole = (await labs.lab_views.list_async(LabFilter(), sort, 200, None)).items
        assert len(whole) == 9
        paged: list[object] = []
        cursor = None
        while True:
            page = await labs.lab_views.list_async(LabFilter(), sort, 2, cursor)
            paged += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        assert paged == whole, sort


async def test_details_and_the_past(labs: LabsStore) -> None:
    record = LabRecord.create(WORKER, snapshot("a"), AT, 3)
    for hour in range(1, 6):
        record.update_from_cml(snapshot("a", title=f"t{hour}", state="STOPPED"), AT + timedelta(hours=hour))
    await labs.save_async([record])
    seen = await labs.lab_views.get_async(record.state.id)
    assert seen is not None
    assert (seen.fields["title"], seen.fields["worker_name"], seen.fields["region"]) == ("t5", "one", "r")
    assert [one.changed_fields["title"].new for one in seen.operation_history] == ["t5", "t4", "t3"]
    past = await labs.lab_views.get_as_of_async(record.state.id, AT + timedelta(hours=2, minutes=1))
    assert past is not None
    assert past.fields["title"] == "t2"
    assert await labs.lab_views.get_as_of_async(record.state.id, AT - timedelta(seconds=1)) is None
    assert await labs.lab_views.get_async("unknown") is None
