"""The whole application, one without Connect and one with a simulated one to log in at, each per module."""

from collections.abc import Iterator

import pytest

from tests.http.access.people import Installation, installed
from tests.support.connect import ConnectSimulator, _module_connect, connect
from tests.support.mongo import LocalMongod
from tests.support.served import Served, served

__all__ = ["_module_connect", "connect"]


@pytest.fixture(scope="module")
def app(shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An installation that keeps users itself and has no Connect."""
    with served(shared_mongod, tmp_path_factory.mktemp("app")) as running:
        yield running


@pytest.fixture(scope="module")
def _module_installation(
    shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory, _module_connect: ConnectSimulator
) -> Iterator[Installation]:
    with installed(shared_mongod, tmp_path_factory.mktemp("installation"), _module_connect) as found:
        yield found


@pytest.fixture
def here(_module_installation: Installation, connect: ConnectSimulator) -> Iterator[Installation]:
    """An installation where people log in at a healthy simulated Connect; its clock goes right."""
    assert connect is _module_installation.connect
    yield _module_installation
    _module_installation.clock.ahead *= 0
    _module_installation.end_all()
