"""Questions to the table: what their SQL may reach, and facts that cannot be read or are of an older shape."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from application.labops.specimen_table import QuestionRefusedError
from domain.kernel.errors import UnavailableError
from integration.mongo.driver import MongoDriver
from tests.support.specimen_log import SpecimenHistories, rows_of, running, table_on

REACHING_OUT = [
    "SELECT * FROM read_text('{file}')",
    "SELECT * FROM '{file}'",
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM read_parquet('{folder}/../secret.txt')",
    "SELECT * FROM glob('{outside}/*')",
    "SELECT * FROM query('COPY (SELECT 1) TO ''{folder}/x.csv''')",
    "COPY (SELECT 1) TO '{folder}/x.csv'",
    "COPY specimens TO '{file}'",
    "ATTACH '{outside}/other.db'",
    "SET enable_external_access = true",
    "SET memory_limit = '900GB'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SELECT 1; SELECT 2",
    "CREATE TABLE kept AS SELECT * FROM specimens",
    "DROP VIEW specimens",
    "SELECT * FROM outside_rows",
    "SELECT getenv('HOME')",
    "SELECT nonsense FROM specimens",
    "SELEC",
    "",
]


@pytest.mark.parametrize("sql", REACHING_OUT)
async def test_sql_that_reaches_out_is_refused(
    driver: MongoDriver, histories: SpecimenHistories, tmp_path: Path, sql: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    secret = outside / "secret.txt"
    secret.write_text("secret")
    outside_rows = [1]  # a name of the caller is no table either
    async with running(table_on(histories.log, driver, tmp_path / "t")) as table:
        with table.snapshot() as snapshot:
            with pytest.raises((QuestionRefusedError, UnavailableError)):
                await snapshot.fetch_async(sql.format(file=secret, folder=tmp_path / "t" / "0", outside=outside))
            assert await snapshot.fetch_async("SELECT count(*) FROM specimens") == [(0,)]
    assert sorted(path.name for path in outside.iterdir()) == ["secret.txt"]
    assert outside_rows == [1]


async def test_times_are_asked_in_any_zone_and_answered_in_utc(
    driver: MongoDriver, histories: SpecimenHistories, tmp_path: Path
) -> None:
    async with running(table_on(histories.log, driver, tmp_path)) as table:
        await histories.receive_async("SP1")
        (row,) = await rows_of(table, 1)
        received = row[6].replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=5)))
        with table.snapshot() as snapshot:
            sql = "SELECT received_at FROM specimens WHERE received_at = $at"
            assert await snapshot.fetch_async(sql, {"at": received}) == [(row[6],)]
            zoned = await snapshot.fetch_async(
                "SELECT $at::TIMESTAMP AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Zurich'",
                {"at": datetime(2026, 7, 1, 12, tzinfo=UTC)},
            )
            assert zoned == [(datetime(2026, 7, 1, 14),)]  # noqa: DTZ001  the engine's local times have no zone
            assert snapshot.changed_at is not None


async def test_a_question_whose_asker_gave_up_is_stopped(
    driver: MongoDriver, histories: SpecimenHistories, tmp_path: Path
) -> None:
    async with running(table_on(histories.log, driver, tmp_path)) as table:
        with table.snapshot() as snapshot:
            endless = "SELECT count(*) FROM range(100000000000) a, range(100000000000) b"
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(snapshot.fetch_async(endless), 0.3)
            assert await snapshot.fetch_async("SELECT count(*) FROM specimens") == [(0,)]


async def test_a_fact_that_cannot_be_read_leaves_its_specimen_out_until_the_next_one(
    driver: MongoDriver, histories: SpecimenHistories, tmp_path: Path
) -> None:
    for number in range(3):
        await histories.receive_async(f"SP{number}")
    await histories.move_async("SP1")
    commits = driver.collection("labops_commits")
    await commits.update_one({"_id": 4}, {"$set": {"e.0.data.received_at": "yesterday"}})
    await commits.update_one({"_id": 3}, {"$set": {"e.0.type": "labops.specimen-vanished.v9"}})
    known = histories.folded()
    async with running(table_on(histories.log, driver, tmp_path)) as table:
        assert await rows_of(table, 4) == known[:1]
        assert table.status().specimens == 1
        await histories.move_async("SP1")
        assert await rows_of(table, 5) == histories.folded()[:2]
        assert (await table.rebuild_async()).specimens == 2
        assert await rows_of(table) == histories.folded()[:2]
