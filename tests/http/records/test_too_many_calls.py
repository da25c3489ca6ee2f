"""Connect says that it is asked too often: whoever asks hears so soon, and when to come back."""

import time
from collections.abc import Iterator

import pytest

from tests.http.access.people import Installation, installed
from tests.support.connect import ConnectSimulator, _module_connect, connect, connect_factory
from tests.support.mongo import LocalMongod
from tests.support.served import assert_problem

__all__ = ["_module_connect", "connect", "connect_factory"]


@pytest.fixture(scope="module")
def remote(
    shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory, _module_connect: ConnectSimulator
) -> Iterator[Installation]:
    with installed(shared_mongod, tmp_path_factory.mktemp("many"), _module_connect, repository="remote") as found:
        yield found


def test_a_long_retry_after_is_passed_on_at_once(remote: Installation, connect: ConnectSimulator) -> None:
    asha = remote.logged_in("asha")
    assert asha.get("/api/v1/records?opportunity_id=814").status_code == 200
    connect.set_faults({"kind": "status", "status": 429, "retry_after": "70", "path": "/export/labs_record/"})
    connect.calls(forget=True)
    began = time.monotonic()
    refused = asha.get("/api/v1/records?opportunity_id=814")
    assert time.monotonic() - began < 35
    assert_problem(refused, 503, "unavailable")
    assert refused.headers["retry-after"] == "70"
    assert connect.calls()["GET /export/labs_record/"] == 1


def test_a_short_one_is_waited_for(remote: Installation, connect: ConnectSimulator) -> None:
    asha = remote.logged_in("asha")
    fault = {"kind": "status", "status": 429, "retry_after": "1", "path": "/export/labs_record/", "times": 1}
    connect.set_faults(fault)
    assert asha.get("/api/v1/records?opportunity_id=814").status_code == 200
