"""The analytic table follows the log and answers questions."""

from pathlib import Path

from integration.mongo.driver import MongoDriver
from tests.support.specimen_log import SpecimenHistories, rows_of, running, table_on


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
