"""Readers that wait for work when they are to stop."""

import asyncio

import pytest

from application.kernel.lease_keeper import HeldLease
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.driver import MongoDriver
from integration.mongo.subscriptions.held_reader import HeldReader


class WaitingReader(HeldReader):
    """Waits for work that never comes and notes how its wait ended."""

    def __init__(self, driver: MongoDriver) -> None:
        super().__init__("waiting", "nothing", MongoLeases(driver))
        self.waits = asyncio.Event()
        self.came: list[bool | None] = []

    async def work_async(self, held: HeldLease) -> None:
        while not self.should_stop(held):
            self.waits.set()
            self.came.append(await self.unless_stopping_async(asyncio.Event().wait()))


async def test_a_reader_that_waits_for_work_ends_by_itself_when_it_is_to_stop(driver: MongoDriver) -> None:
    reader = WaitingReader(driver)
    reader.start()
    await reader.waits.wait()

    await reader.stop_async(grace_seconds=300)

    assert reader.came == [None]
    assert await MongoLeases(driver).holder_async(reader.lease_key) is None


async def test_a_reader_can_be_started_again_and_waits_again(driver: MongoDriver) -> None:
    reader = WaitingReader(driver)
    for _ in range(2):
        reader.waits.clear()
        reader.start()
        await reader.waits.wait()
        await reader.stop_async(grace_seconds=300)

    assert reader.came == [None, None]


async def test_a_wait_that_runs_out_by_itself_says_so(driver: MongoDriver) -> None:
    reader = WaitingReader(driver)

    async def runs_out() -> bool:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        await reader.unless_stopping_async(runs_out())
