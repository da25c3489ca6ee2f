"""The table's files: any history, killed at any moment, damaged, held while they are merged, shared by processes."""

import asyncio
import contextlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from application.labops.specimen_table import SpecimenTable
from domain.kernel.errors import UnavailableError
from integration.labops.table import manifest, segment_files
from integration.labops.table.files import FileShelf, replace_durably, sync_file
from integration.mongo.driver import MongoDriver, open_driver
from tests.support.hosts import end_process, start_process
from tests.support.specimen_log import SpecimenHistories, labops_log, rows_of, running, table_on


async def fill_async(histories: SpecimenHistories, number: int, start: int = 0) -> None:
    """Take so many specimens in, each some steps on, and move some of those before."""
    dice = random.Random(start)
    for each in range(start, start + number):
        await histories.receive_async(f"SP{each:06}", steps=dice.randrange(4))
        if each and dice.random() < 0.5:
            known = dice.choice(list(histories.rows))
            if dice.random() < 0.2:
                await histories.erase_async(known)
            else:
                await histories.move_async(known, steps=dice.randrange(1, 3))


async def seen_async(log_head: int, table: object) -> None:
    assert await table.wait_for_async(log_head, 30)  # type: ignore[attr-defined]  # any table


async def until_written_async(table: SpecimenTable) -> None:
    """Wait until files hold all but a few rows."""
    while table.status().segments == 0 or table.status().unflushed > 4:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("receive"), st.integers(0, 7), st.integers(0, 3)),
        st.tuples(st.just("move"), st.integers(0, 7), st.integers(1, 3)),
        st.tuples(st.just("erase"), st.integers(0, 7), st.just(0)),
        st.tuples(st.just("restart"), st.just(0), st.just(0)),
        st.tuples(st.just("rebuild"), st.just(0), st.just(0)),
        st.tuples(st.just("ask"), st.just(0), st.just(0)),
    ),
    min_size=5,
    max_size=30,
)


@pytest.mark.usefixtures("database_name")
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS, flush_rows=st.integers(1, 6), tier=st.integers(2, 3))
def test_whatever_happens_the_rows_are_those_of_a_fold(
    mongo_uri: str,
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[str, int, int]],
    flush_rows: int,
    tier: int,
) -> None:
    async def run() -> None:
        database = f"test_fold_{random.randrange(1 << 60):x}"
        driver = open_driver("motor", mongo_uri, database)
        histories = SpecimenHistories(labops_log(driver))
        folder = tmp_path_factory.mktemp("table")
        await histories.log.prepare_async()
        table = table_on(histories.log, driver, folder, flush_rows=flush_rows)
        await table.start_async()
        stamps: dict[str, object] = {}
        try:
            for what, number, count in steps:
                specimen_id = f"SP{number}"
                known = specimen_id in histories.rows
                if what == "receive" and not known and specimen_id not in histories.erased:
                    await histories.receive_async(specimen_id, steps=count)
                elif what == "move" and known:
                    await histories.move_async(specimen_id, steps=count)
                elif what == "erase" and known:
                    await histories.erase_async(specimen_id)
                elif what == "restart":
                    await table.stop_async()
                    table = table_on(histories.log, driver, folder, flush_rows=flush_rows)
                    await table.start_async()
                elif what == "rebuild":
                    await table.rebuild_async()
                elif what == "ask":
                    await seen_async(await histories.log.head_async(), table)
                    rows = await rows_of(table)
                    assert rows == histories.folded()
                    assert stamps.setdefault(table.stamp, rows) == rows
            await seen_async(await histories.log.head_async(), table)
            assert await rows_of(table) == histories.folded()
            assert table.status().specimens == len(histories.rows)
        finally:
            await table.stop_async()
            await histories.log.close_async()
            await driver.command_async({"dropDatabase": 1})
            await driver.close_async()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segment_files, "SEGMENTS_PER_TIER", tier)
        patch.setattr(segment_files, "PAIRS_WORTH_A_REWRITE", 4)
        asyncio.run(run())


async def test_killed_while_files_are_written_it_goes_on_with_every_row_once(
    driver: MongoDriver, histories: SpecimenHistories, mongo_uri: str, database_name: str, tmp_path: Path
) -> None:
    await fill_async(histories, 150)
    process = start_process("tests.support.table_process", mongo_uri, database_name, str(tmp_path), "7")
    assert process.stdout is not None
    while int((await asyncio.to_thread(process.stdout.readline)).split()[1]) < 2:
        pass
    end_process(process)
    await fill_async(histories, 20, start=1000)
    async with running(table_on(histories.log, driver, tmp_path, flush_rows=50)) as table:
        assert table.status().position > 0
        await seen_async(await histories.log.head_async(), table)
        assert await rows_of(table) == histories.folded()


async def test_whatever_a_crash_leaves_between_two_writes_is_made_good(
    driver: MongoDriver, histories: SpecimenHistories, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_files, "SEGMENTS_PER_TIER", 2)
    left: list[Path] = []

    def leaving(write: Callable[..., None]) -> Callable[..., None]:
        def left_behind(*arguments: Any) -> None:
            for when in ("before", "after"):
                if when == "after":
                    write(*arguments)
                left.append(tmp_path / f"{len(left)}-{when}")
                shutil.copytree(tmp_path / "all" / "0", left[-1] / "0")

        return left_behind

    monkeypatch.setattr(segment_files, "sync_file", leaving(sync_file))
    monkeypatch.setattr(manifest, "replace_durably", leaving(replace_durably))
    monkeypatch.setattr(FileShelf, "retire", leaving(FileShelf.retire))
    async with running(table_on(histories.log, driver, tmp_path / "all", flush_rows=4, page_commits=5)) as table:
        await fill_async(histories, 12)
        await seen_async(await histories.log.head_async(), table)
        await table.rebuild_async()
    monkeypatch.undo()
    assert len(left) > 20
    for crashed in left[:: max(1, len(left) // 25)]:
        async with running(table_on(histories.log, driver, crashed)) as table:
            await seen_async(await histories.log.head_async(), table)
            assert await rows_of(table) == histories.folded(), crashed.name
            named = {entry[0] for entry in _files_in(crashed / "0")}
            assert named == {path.name for path in (crashed / "0").glob("*.parquet")}


@pytest.mark.parametrize("damage", ["manifest", "half a manifest", "no manifest", "segment", "no segment", "format"])
async def test_damaged_files_are_replaced_from_the_log(
    driver: MongoDriver, histories: SpecimenHistories, tmp_path: Path, damage: str
) -> None:
    await fill_async(histories, 20)
    head = await histories.log.head_async()
    async with running(table_on(histories.log, driver, tmp_path)) as table:
        await seen_async(head, table)
    named = tmp_path / "0" / "manifest.json"
    segment = next((tmp_path / "0").glob("*.parquet"))
    match damage:
        case "manifest":
            named.write_bytes(b"\x00" * 100)
        case "half a manifest":
            named.write_text(named.read_text()[:50])
        case "no manifest":
            named.unlink()
        case "format":
            named.write_text(named.read_text().replace('"format": 1', '"format": 99'))
        case "segment":
            content = bytearray(segment.read_bytes())
            content[len(content) // 3] ^= 0xFF
            segment.write_bytes(content)
        case "no segment":
            segment.unlink()
    async with running(table_on(histories.log, driver, tmp_path)) as table:
        await seen_async(head, table)
        assert await rows_of(table) == histories.folded()


async def test_a_file_that_is_lost_while_it_is_used_costs_an_answer_and_is_mended(
    driver: MongoDriver, histories: SpecimenHistories, tmp_path: Path
) -> None:
    await fill_async(histories, 20)
    head = await histories.log.head_async()
    async with running(table_on(histories.log, driver, tmp_path, flush_rows=5)) as table:
        await seen_async(head, table)
        await until_written_async(table)
        for path in (tmp_path / "0").glob("*.parquet"):
            path.write_bytes(b"nothing")
        with pytest.raises(UnavailableError):
            await rows_of(table)
        async with asyncio.timeout(30):
            while True:
                with contextlib.suppress(UnavailableError):
                    assert await rows_of(table) == histories.folded()
                    break
                await asyncio.sleep(0.05)


def ids_in_files(folder: Path) -> set[str]:
    """Return all ids that stand in any file of a table that nobody runs."""
    return {one for path in folder.glob("*.parquet") for one in parquet.read_table(path)["specimen_id"].to_pylist()}


async def test_what_was_erased_is_soon_in_no_file(
    driver: MongoDriver, histories: SpecimenHistories, tmp_path: Path
) -> None:
    for start in (0, 6):
        async with running(table_on(histories.log, driver, tmp_path)) as table:
            for number in range(start, start + 6):
                await histories.receive_async(f"SP{number:06}", steps=number % 3)
            await seen_async(await histories.log.head_async(), table)
    first, second = sorted((tmp_path / "0").glob("*.parquet"))
    assert ids_in_files(tmp_path / "0") == set(histories.rows)
    async with running(table_on(histories.log, driver, tmp_path, sweep_seconds=0)) as table:
        await histories.erase_async("SP000008")
        await seen_async(await histories.log.head_async(), table)
        async with asyncio.timeout(30):
            while second.exists():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert first.exists(), "only files with such a row are written again"
        assert await rows_of(table) == histories.folded()
    assert ids_in_files(tmp_path / "0") == set(histories.rows)


async def test_files_of_another_log_are_not_believed(
    driver: MongoDriver, histories: SpecimenHistories, tmp_path: Path
) -> None:
    await fill_async(histories, 5)
    async with running(table_on(histories.log, driver, tmp_path)) as table:
        await seen_async(await histories.log.head_async(), table)
    await driver.collection("labops_commits").delete_many({})
    fresh = labops_log(driver)
    other = SpecimenHistories(fresh, seed=2)
    await fill_async(other, 12, start=50)
    async with running(table_on(fresh, driver, tmp_path)) as table:
        await seen_async(await fresh.head_async(), table)
        assert await rows_of(table) == other.folded()
    await fresh.close_async()


async def test_a_snapshot_stays_as_it_is_while_files_are_merged_and_lets_them_go_at_its_end(
    driver: MongoDriver, histories: SpecimenHistories, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_files, "SEGMENTS_PER_TIER", 2)
    async with running(table_on(histories.log, driver, tmp_path, flush_rows=3)) as table:
        await fill_async(histories, 10)
        await seen_async(await histories.log.head_async(), table)
        before = histories.folded()
        with table.snapshot() as held:
            await fill_async(histories, 40, start=100)
            await seen_async(await histories.log.head_async(), table)
            assert await held.fetch_async("SELECT * FROM specimens ORDER BY specimen_id") == before
            path = tmp_path / "rows.parquet"
            await held.export_async("SELECT * FROM specimens", None, path, "parquet")
            assert path.stat().st_size > 0
            assert await rows_of(table) == histories.folded()
    named = {entry[0] for entry in _files_in(tmp_path / "0")}
    assert named == {path.name for path in (tmp_path / "0").glob("*.parquet")}


async def test_processes_on_one_folder_each_have_their_own(
    driver: MongoDriver, histories: SpecimenHistories, tmp_path: Path
) -> None:
    await fill_async(histories, 10)
    head = await histories.log.head_async()
    one, two = (table_on(histories.log, driver, tmp_path, flush_rows=3) for _ in range(2))
    async with running(one), running(two):
        await seen_async(head, one)
        await seen_async(head, two)
        assert await rows_of(one) == await rows_of(two) == histories.folded()
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["0", "1"]


def _files_in(folder: Path) -> list[list[str]]:
    try:
        known = json.loads((folder / "manifest.json").read_text())
    except FileNotFoundError:
        return []
    return [*known["segments"], *known["pair_segments"]]
