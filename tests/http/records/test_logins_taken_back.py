"""A login that Connect takes back: said to be of no use, until the next one."""

from collections.abc import Iterator

import httpx
import pytest

from tests.http.access.people import Installation, installed
from tests.support.connect import ConnectSimulator, _module_connect, connect, connect_factory
from tests.support.mongo import LocalMongod

__all__ = ["_module_connect", "connect", "connect_factory"]

RECORD = {"experiment": "tasks", "type": "Task", "opportunity_id": 814, "data": {"title": "Call"}}


@pytest.fixture(scope="module", params=["remote", "cached"])
def mode(
    request: pytest.FixtureRequest,
    shared_mongod: LocalMongod,
    tmp_path_factory: pytest.TempPathFactory,
    _module_connect: ConnectSimulator,
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp(f"taken_{request.param}")
    with installed(shared_mongod, folder, _module_connect, repository=request.param) as found:
        yield found


def test_a_login_that_connect_refuses_to_refresh_is_called_unusable_until_the_next_one(
    mode: Installation, connect: ConnectSimulator
) -> None:
    asha = mode.logged_in("asha")
    assert asha.get("/auth/me").json()["login_usable"] is True
    connect.expire("asha", refresh=True)
    assert write(asha).status_code == 401
    me = asha.get("/auth/me")
    assert (me.status_code, me.json()["login_usable"]) == (200, False)
    assert write(asha).status_code == 401
    mode.logged_in("asha", asha)
    assert asha.get("/auth/me").json()["login_usable"] is True
    assert write(asha).status_code == 201


def write(browser: httpx.Client) -> httpx.Response:
    """Make a record as a page of our own would."""
    headers = {"Origin": str(browser.base_url).rstrip("/")}
    return browser.post("/api/v1/records", headers=headers, json=RECORD)
