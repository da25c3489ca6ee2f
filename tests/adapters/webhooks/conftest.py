"""A receiver on loopback for every test that asks for one."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support.webhooks import Receiver, receiving


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one
