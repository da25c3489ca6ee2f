"""The simulated Connect, and the repository on it."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support.connect import ConnectSimulator, _module_connect, connect, connect_factory
from tests.support.remote_records import RemoteStore, remote_store

__all__ = ["_module_connect", "connect", "connect_factory"]


@pytest_asyncio.fixture
async def store(connect: ConnectSimulator) -> AsyncIterator[RemoteStore]:
    """The repository on a healthy simulator; nothing has been asked yet."""
    async with remote_store(connect) as opened:
        yield opened
