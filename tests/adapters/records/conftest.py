"""The stores that keep the contract: a fixture for each, and ``store``, which is each of them in turn."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from integration.mongo.driver import MongoDriver
from tests.support.cached_records import CachedStore, cached_store
from tests.support.connect import ConnectSimulator, _module_connect, connect, connect_factory  # noqa: F401  # fixtures
from tests.support.fake_records import FakeRecords, FakeStore
from tests.support.records import LocalStore, RecordStore, local_store, two_strangers
from tests.support.remote_records import RemoteStore, contract_remote_store

STORES = ["local", "remote", "cached", "fake"]


@pytest_asyncio.fixture
async def local(driver: MongoDriver) -> AsyncIterator[LocalStore]:
    """Our own store on a fresh database."""
    async with local_store(driver) as opened:
        yield opened


@pytest.fixture(scope="module")
def contract_connect() -> Iterator[ConnectSimulator]:
    """A simulated Connect of the module's own."""
    with ConnectSimulator() as simulator:
        yield simulator


@pytest_asyncio.fixture
async def remote(contract_connect: ConnectSimulator) -> AsyncIterator[RemoteStore]:
    """The system of record over HTTP, made like new."""
    async with contract_remote_store(contract_connect) as opened:
        yield opened


@pytest_asyncio.fixture
async def cached(driver: MongoDriver, contract_connect: ConnectSimulator) -> AsyncIterator[CachedStore]:
    """The cache over the system of record, both made like new."""
    async with cached_store(driver, contract_connect, contract=True) as opened:
        yield opened


@pytest.fixture
def fake() -> FakeStore:
    """Records in memory, which unit tests of use cases go by."""
    return FakeStore(FakeRecords(two_strangers()))


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> RecordStore:
    """Every store that keeps the contract; add a fixture of that name and its name to ``STORES``."""
    found: RecordStore = request.getfixturevalue(request.param)
    return found
