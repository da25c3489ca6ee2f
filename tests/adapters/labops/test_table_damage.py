"""Files that are damaged while they are served: no question dies of it, people are told, and the log mends them."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from application.labops.specimen_table import QuestionRefusedError, Row
from domain.kernel.errors import UnavailableError
from integration.labops.table.parquet_specimen_table import ParquetSpecimenTable
from integration.mongo.driver import MongoDriver
from tests.support.specimen_log import SpecimenHistories, rows_of, running, table_on


def middle_third(content: bytearray) -> None:
    first, last = len(content) // 3, 2 * len(content) // 3
    content[first:last] = random.Random(1).randbytes(last - first)


def a_page(content: bytearray) -> None:
    content[40:140] = random.Random(1).randbytes(100)


def the_footer(content: bytearray) -> None:
    content[-200:-20] = random.Random(1).randbytes(180)


def all_of_it(content: bytearray) -> None:
    content[:] = b"nothing"


@pytest.mark.parametrize("damaging", [middle_third, a_page, the_footer, all_of_it])
async def test_a_damaged_file_costs_answers_says_why_and_is_built_anew_from_the_log(
    driver: MongoDriver,
    histories: SpecimenHistories,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damaging: Callable[[bytearray], None],
) -> None:
    for number in range(150):
        await histories.receive_async(f"SP{number:06}", steps=number % 4)
    head = await histories.log.head_async()
    # With a commit at a time building it anew takes long enough to be seen.
    async with running(table_on(histories.log, driver, tmp_path, flush_rows=150, page_commits=1)) as table:
        assert await table.wait_for_async(head, 30)
        await until_written_async(table)
        assert table.failure is None
        for path in (tmp_path / "0").glob("*.parquet"):
            content = bytearray(path.read_bytes())
            damaging(content)
            path.write_bytes(content)
        with pytest.raises(UnavailableError) as failed:
            await rows_of(table)
        assert "parquet" not in str(failed.value)
        assert "/" not in str(failed.value)
        told: set[str | None] = set()

        async def listen_async() -> None:
            while True:
                told.add((await table.read_model_async()).last_error)

        listening = asyncio.create_task(listen_async())
        try:
            async with asyncio.timeout(30):
                while await answer_async(table) != histories.folded():  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        finally:
            listening.cancel()
        assert "1-1.parquet is not as it was written; the table is being built anew from the log" in told
        assert (table.failure, (await table.read_model_async()).last_error) == (None, None)


async def test_a_value_that_cannot_be_computed_with_is_the_questions_fault_unless_a_file_is_damaged(
    driver: MongoDriver, histories: SpecimenHistories, tmp_path: Path
) -> None:
    question = "SELECT CAST('no number' AS INTEGER) FROM range(1)"
    await histories.receive_async("SP1")
    async with running(table_on(histories.log, driver, tmp_path, flush_rows=1)) as table:
        assert await table.wait_for_async(1, 30)
        await until_written_async(table)
        with table.snapshot() as snapshot, pytest.raises(QuestionRefusedError):
            await snapshot.fetch_async(question)
        path = next((tmp_path / "0").glob("*.parquet"))
        content = bytearray(path.read_bytes())
        a_page(content)
        path.write_bytes(content)
        with table.snapshot() as snapshot, pytest.raises(UnavailableError):
            await snapshot.fetch_async(question)


async def answer_async(table: ParquetSpecimenTable) -> Sequence[Row] | None:
    """Return all rows; None when there is no answer."""
    with contextlib.suppress(UnavailableError):
        return await rows_of(table)
    return None


async def until_written_async(table: ParquetSpecimenTable) -> None:
    async with asyncio.timeout(30):
        while not table.status().segments:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
