"""One application and one browser for all tests of this folder that look at pages."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.support.chromium import Visitor, chromium
from tests.support.mongo import LocalMongod
from tests.support.served import MovableClock, Served, served

expect.set_options(timeout=30_000)


@pytest.fixture(scope="package")
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture(scope="package")
def app(shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory, clock: MovableClock) -> Iterator[Served]:
    with served(shared_mongod, tmp_path_factory.mktemp("dashboard"), clock=clock) as running:
        yield running


@pytest.fixture(scope="package")
def api(app: Served) -> Iterator[httpx.Client]:
    with app.client() as client:
        yield client


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def visitor(browser: Browser, app: Served) -> Iterator[Visitor]:
    """Somebody at a wide screen; nothing they do may make the console complain or a request leave the host."""
    found = Visitor(browser, app.url, viewport={"width": 1440, "height": 900})
    yield found
    found.context.close()
    assert found.complaints == []
