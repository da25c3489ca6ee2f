"""Who comes with bearer tokens only: what they queued is sent as long as a token of theirs is good, or one comes."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.http.access.people import Installation, installed
from tests.http.records.test_outbox_over_http import LIST, OUTBOX, RECORD, dead
from tests.support.connect import ConnectSimulator, _module_connect, connect
from tests.support.mongo import LocalMongod

__all__ = ["_module_connect", "connect"]


@pytest.fixture
def found(shared_mongod: LocalMongod, tmp_path: Path, connect: ConnectSimulator) -> Iterator[Installation]:
    with installed(shared_mongod, tmp_path, connect, repository="cached") as opened:
        yield opened


def program_with(found: Installation, token: str) -> httpx.Client:
    return found.browser(headers={"Authorization": f"Bearer {token}", "Prefer": "respond-async"})


def until(holds: Callable[[], Any]) -> None:
    give_up_at = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < give_up_at
        time.sleep(0.1)


def states(found: Installation) -> list[str]:
    with found.app.client() as admin:
        return [one["state"] for one in admin.get(OUTBOX).json()["items"]]


def queued_by(found: Installation, connect: ConnectSimulator, token: str) -> None:
    program = program_with(found, token)
    assert program.get(LIST).status_code == 200
    assert found.stored("access_grants") == [], "nothing is kept of somebody for whom nothing waits"
    dead(connect)
    for _ in range(2):
        assert program.post("/api/v1/records", json=RECORD).status_code == 202


def test_what_waits_is_sent_while_the_bearer_is_good(found: Installation, connect: ConnectSimulator) -> None:
    token = connect.token("asha")
    queued_by(found, connect, token)
    [grant] = found.stored("access_grants")
    assert (grant["_id"], grant["refreshable"]) == ("asha", False)
    assert token not in str(grant)
    assert grant["expires_at"] == grant["access_expires_at"], "it goes when the token does"
    connect.set_faults()
    until(lambda: states(found) == ["sent", "sent"])
    assert len(connect.records()) == 2


def test_what_waits_is_sent_when_its_writer_comes_with_another_bearer(
    found: Installation, connect: ConnectSimulator
) -> None:
    queued_by(found, connect, connect.token("asha"))
    connect.expire("asha", refresh=True)
    connect.set_faults()
    until(lambda: found.stored("access_grants") == [])
    assert program_with(found, connect.token("dalia")).get(LIST).status_code == 200
    assert states(found) == ["waiting", "waiting"], "nobody else's token will do"
    assert program_with(found, connect.token("asha")).get(LIST).status_code == 200
    until(lambda: states(found) == ["sent", "sent"])
    assert [one["data"] for one in connect.records()] == [RECORD["data"]] * 2
    assert [one["_id"] for one in found.stored("access_grants")] == ["asha"]


def test_a_login_that_can_be_refreshed_is_not_given_up_for_a_bearer(
    found: Installation, connect: ConnectSimulator
) -> None:
    found.logged_in("asha")
    [before] = found.stored("access_grants")
    program = program_with(found, connect.token("asha"))
    assert program.get(LIST).status_code == 200
    dead(connect)
    assert program.post("/api/v1/records", json=RECORD).status_code == 202
    assert found.stored("access_grants") == [before]
