"""The sync ledger on both drivers: what is put is what is read, in this process and in another."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from application.labs.sync_ledger import WorkerSync
from integration.labs.mongo_sync_ledger import MongoSyncLedger
from integration.mongo.driver import MongoDriver

pytestmark = pytest.mark.parametrize("driver_name", ["motor", "pymongo"], indirect=True)
AT = datetime(2026, 3, 1, 12, 0, 0, 123000, tzinfo=UTC)
BASE = timedelta(minutes=30)


@pytest_asyncio.fixture
async def ledger(driver: MongoDriver) -> AsyncIterator[MongoSyncLedger]:
    opened = MongoSyncLedger(driver)
    await opened.start_async()
    yield opened
    await opened.stop_async()


async def test_an_unknown_worker_has_an_empty_entry(ledger: MongoSyncLedger) -> None:
    assert await ledger.get_async("w") == WorkerSync("w")
    assert await ledger.get_many_async(["w", "v"]) == {"w": WorkerSync("w"), "v": WorkerSync("v")}
    assert await ledger.get_many_async([]) == {}


async def test_an_entry_is_read_back_as_it_was_put(ledger: MongoSyncLedger) -> None:
    synced = WorkerSync("w").synced(AT, failed_lab_ids=["a"], changed=True, forced=True, base=BASE)
    await ledger.put_async(synced, forced=True)
    assert await ledger.get_async("w") == synced
    assert (await ledger.get_many_async(["w"]))["w"] == synced
    failed = synced.failed(AT + BASE, "gone", BASE)
    await ledger.put_async(failed)
    assert await ledger.get_async("w") == failed
    assert failed.last_synced_at == AT


async def test_only_a_forced_entry_moves_the_time_of_the_last_forced(ledger: MongoSyncLedger) -> None:
    forced = WorkerSync("w").synced(AT, failed_lab_ids=[], changed=False, forced=True, base=BASE)
    await ledger.put_async(forced, forced=True)
    stale = WorkerSync("w").synced(AT + BASE, failed_lab_ids=[], changed=False, forced=False, base=BASE)
    await ledger.put_async(stale)
    assert (await ledger.get_many_async(["w"]))["w"].last_forced_at == AT


async def test_another_process_sees_what_was_put(driver: MongoDriver, ledger: MongoSyncLedger) -> None:
    other = MongoSyncLedger(driver)
    await other.start_async()
    try:
        await asyncio.sleep(0.3)
        synced = WorkerSync("w").synced(AT, failed_lab_ids=[], changed=True, forced=False, base=BASE)
        await other.put_async(synced)
        async with asyncio.timeout(60):
            while await ledger.get_async("w") != synced:  # noqa: ASYNC110  the change stream tells nobody else
                await asyncio.sleep(0.02)
        await other.remove_async("w")
        async with asyncio.timeout(60):
            while await ledger.get_async("w") != WorkerSync("w"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    finally:
        await other.stop_async()
