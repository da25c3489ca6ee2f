"""One running application and one simulated controller per module."""

from collections.abc import Iterator

import pytest

from tests.support.cml import CmlSimulator, _module_cml, cml, cml_factory
from tests.support.mongo import LocalMongod
from tests.support.served import Keeper, MovableClock, Served, served

__all__ = ["_module_cml", "cml", "cml_factory"]


@pytest.fixture(scope="module")
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture(scope="module")
def app(shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory, clock: MovableClock) -> Iterator[Served]:
    with served(shared_mongod, tmp_path_factory.mktemp("data"), clock=clock) as running:
        yield running


@pytest.fixture
def keeper(app: Served, cml: CmlSimulator, clock: MovableClock) -> Iterator[Keeper]:
    found = Keeper(app, cml, clock)
    with found.http:
        yield found
