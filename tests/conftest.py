"""Fixtures for the whole suite: real mongods and a driver on a database of the test's own."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import cast

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from integration.mongo.driver import DriverName, MongoDriver, open_driver
from tests.support.mongo import LocalMongod, ReplicaSet, single_node, three_nodes

# Applications of the tests read their settings: whoever starts the tests may have some of their own.
for _name in [name for name in os.environ if name.startswith(("LABKEEPER_", "OTEL_")) and name != "LABKEEPER_CHROMIUM"]:
    del os.environ[_name]

# How long an example takes says more about the machine than about the code.
settings.register_profile("labkeeper", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("labkeeper")


@pytest.fixture(scope="session")
def shared_mongod() -> Iterator[LocalMongod]:
    """The run's own mongod (one per xdist worker). Not to be killed: others use it."""
    with single_node() as node:
        yield node


@pytest.fixture(scope="session")
def mongo_uri(shared_mongod: LocalMongod) -> str:
    """URI of the run's own mongod, primary of a single-node replica set."""
    return shared_mongod.uri


@pytest.fixture
def driver_name(request: pytest.FixtureRequest) -> DriverName:
    """Which driver the test uses: motor, or what ``parametrize("driver_name", [...], indirect=True)`` says."""
    return cast(DriverName, getattr(request, "param", "motor"))


@pytest.fixture
def database_name(shared_mongod: LocalMongod) -> Iterator[str]:
    """Name of a database that nobody else uses; dropped soon after the test."""
    name = f"test_{uuid.uuid4().hex}"
    yield name
    shared_mongod.drop_soon(name)


@pytest_asyncio.fixture
async def driver(mongo_uri: str, database_name: str, driver_name: DriverName) -> AsyncIterator[MongoDriver]:
    """A connection to a fresh database, closed after the test."""
    opened = open_driver(driver_name, mongo_uri, database_name)
    try:
        yield opened
    finally:
        await opened.close_async()


@pytest.fixture
def replica_set() -> Iterator[ReplicaSet]:
    """Three mongods of the test's own: step the primary down, kill a node, start it again."""
    with three_nodes() as nodes:
        yield nodes


@pytest.fixture
def mongod_process() -> Iterator[LocalMongod]:
    """A mongod of the test's own, which it may kill and start again on the same data and port."""
    with single_node() as node:
        yield node
