"""The analytic table follows the log and answers questions."""

import asyncio
import json
from pathlib import Path

import pytest

from domain.kernel.errors import UnavailableError
from integration.labops.table import rebuild_orders
from integration.labops.table.parquet_specimen_table import ParquetSpecimenTable
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.driver import MongoDriver
from integration.mongo.subscriptions.checkpoints import Checkpoints
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch
from integration.mongo.subscriptions.subscription_host import MongoSubscriptions
from tests.support.specimen_log import SpecimenHistories, rows_of, running, table_on
from tests.support.tallies import HandClock


async def test_what_was_committed_is_asked_a_moment_later(
    driver: MongoDriver, histories: SpecimenHistories, tmp_path: Path
) -> None:
    async with running(table_on(histories.log, driver, tmp_path)) as table:
        assert await rows_of(table) == []
        await histories.receive_async("SP000001")
        await histories.receive_async("SP000002", steps=2)
        await histories.move_async("SP000001")
        await histories.receive_async("SP000003", steps=1)
        await histories.erase_async("SP000003")
        assert await rows_of(table, 5) == histories.folded()
        status = table.status()
        assert (status.position, status.lag, status.specimens) == (5, 0, 2)


async def test_what_was_flushed_is_there_after_a_restart_and_not_read_again(
    driver: MongoDriver, histories: SpecimenHistories, tmp_path: Path
) -> None:
    async with running(table_on(histories.log, driver, tmp_path)) as table:
        for number in range(20):
            await histories.receive_async(f"SP{number:06}", steps=number % 4)
        before = await rows_of(table, 20)
        stamp = table.stamp
    again = table_on(histories.log, driver, tmp_path)
    async with running(again):
        assert again.status().position == 20
        assert again.status().segments == 1
        assert again.stamp == stamp
        assert await rows_of(again) == before == histories.folded()
        await histories.move_async("SP000000")
        await histories.erase_async("SP000001")
        assert await rows_of(again, 22) == histories.folded()
    third = table_on(histories.log, driver, tmp_path)
    async with running(third):
        assert await rows_of(third) == histories.folded()
        assert third.status().specimens == 19


async def test_rebuilding_gives_the_same_rows_and_the_same_stamp(
    driver: MongoDriver, histories: SpecimenHistories, tmp_path: Path
) -> None:
    async with running(table_on(histories.log, driver, tmp_path, flush_rows=4)) as table:
        for number in range(30):
            await histories.receive_async(f"SP{number:06}", steps=number % 3)
        for number in range(0, 30, 2):
            await histories.move_async(f"SP{number:06}")
        for number in range(5):
            await histories.erase_async(f"SP{number:06}")
        assert await rows_of(table, 50) == histories.folded()
        stamp = table.stamp
        with table.snapshot() as held:
            status = await table.rebuild_async()
            assert (status.specimens, status.rebuilding, table.stamp) == (25, False, stamp)
            assert await rows_of(table) == histories.folded()
            assert await held.fetch_async("SELECT count(*) FROM specimens") == [(25,)]


async def test_a_rebuild_reaches_every_process_also_one_that_was_down_and_none_that_began_with_nothing(
    driver: MongoDriver, histories: SpecimenHistories, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild_orders, "LOOK_SECONDS", 0.02)

    async def until_rebuilt_async(table: ParquetSpecimenTable) -> None:
        async with asyncio.timeout(30):
            while (await table.read_model_async()).rebuilt_at is None:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert await rows_of(table) == histories.folded()

    for number in range(10):
        await histories.receive_async(f"SP{number:06}", steps=number % 3)
    asked, other, down = (table_on(histories.log, driver, tmp_path, flush_rows=4) for _ in range(3))
    async with running(asked), running(other):
        async with running(down):
            assert await rows_of(down, 10) == histories.folded()
        for table in (asked, other):
            assert await rows_of(table, 10) == histories.folded()
        await asked.rebuild_async()
        await until_rebuilt_async(asked)
        await until_rebuilt_async(other)
        async with running(table_on(histories.log, driver, tmp_path)) as back:
            await until_rebuilt_async(back)
            async with running(table_on(histories.log, driver, tmp_path)) as new:
                assert await rows_of(new, 10) == histories.folded()
                await asyncio.sleep(0.2)
                assert (await new.read_model_async()).rebuilt_at is None
    manifest = tmp_path / "0" / "manifest.json"
    built = json.loads(manifest.read_text())["image"]["generation"]
    async with running(table_on(histories.log, driver, tmp_path)):
        await asyncio.sleep(0.2)
    assert json.loads(manifest.read_text())["image"]["generation"] == built, "an order is followed once"


async def test_the_table_is_listed_among_the_read_models_rebuilt_and_waited_for_there(
    driver: MongoDriver, histories: SpecimenHistories, tmp_path: Path
) -> None:
    table = table_on(histories.log, driver, tmp_path)
    watch = ReadModelWatch(driver, Checkpoints(driver, HandClock()))
    host = MongoSubscriptions(driver, MongoLeases(driver), HandClock(), watch, [histories.log], [], [], [table])
    async with running(table):
        await histories.receive_async("SP000001")
        assert await host.wait_async("specimen_table", 1, 30)
        assert not await host.wait_async("specimen_table", 2, 0)
        seen: list[tuple[int, int]] = []

        async def on_progress(position: int, head: int) -> None:
            seen.append((position, head))

        rebuilt = await host.rebuild_async("specimen_table", on_progress)
        assert rebuilt is not None
        assert (rebuilt.documents, rebuilt.lag, rebuilt.rebuilding) == (1, 0, False)
        assert rebuilt.rebuilt_at is not None
        assert seen == [(1, 1)]
        assert await host.read_models_async() == [rebuilt]
        (followed,) = await host.list_async()
        assert (followed.name, followed.lag, followed.last_error) == ("specimen_table", 0, None)


async def test_before_it_has_caught_up_it_answers_and_says_how_far_behind_it_is(
    driver: MongoDriver, histories: SpecimenHistories, tmp_path: Path
) -> None:
    for number in range(6):
        await histories.receive_async(f"SP{number}")
    table = table_on(histories.log, driver, tmp_path, page_commits=2)
    with pytest.raises(UnavailableError):
        table.snapshot()
    async with running(table):
        with table.snapshot() as snapshot:
            assert (table.status().lag, snapshot.position) == (6, 0)
            assert await snapshot.fetch_async("SELECT count(*) FROM specimens") == [(0,)]
        assert await rows_of(table, 6) == histories.folded()
        assert table.status().lag == 0
