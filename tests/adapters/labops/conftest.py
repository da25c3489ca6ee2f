"""The labops log of a test, and histories written to it."""

from collections.abc import AsyncIterator

import pytest_asyncio

from integration.mongo.driver import MongoDriver
from tests.support.specimen_log import SpecimenHistories, labops_log


@pytest_asyncio.fixture
async def histories(driver: MongoDriver) -> AsyncIterator[SpecimenHistories]:
    """An empty labops log, and who writes to it."""
    log = labops_log(driver)
    await log.prepare_async()
    try:
        yield SpecimenHistories(log)
    finally:
        await log.close_async()
