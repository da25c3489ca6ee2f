"""Queued writes over HTTP: 202 with where to look, one's own only, and conflicts that somebody settles."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.http.access.people import Installation, installed
from tests.support.connect import RECORDS, ConnectSimulator, _module_connect, connect
from tests.support.mongo import LocalMongod

__all__ = ["_module_connect", "connect"]

RECORD = {"experiment": "tasks", "type": "Task", "opportunity_id": 814, "data": {"title": "Call"}}
LIST, OUTBOX = "/api/v1/records?opportunity_id=814", "/api/v1/records/outbox"

OPEN = ("waiting", "sending")


@pytest.fixture(scope="module")
def found(
    shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory, _module_connect: ConnectSimulator
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("outbox")
    with installed(shared_mongod, folder, _module_connect, repository="cached") as opened:
        yield opened


def send(browser: httpx.Client, method: str, path: str, prefer: str | None = "respond-async", **more: Any) -> Any:
    """Send what a page of our own would send."""
    headers = {"Origin": str(browser.base_url).rstrip("/"), **({"Prefer": prefer} if prefer else {})}
    return browser.request(method, path, headers=headers, **more)


def passed(found: Installation) -> None:
    """Wait until the sender has gone through the queue."""
    with found.app.client() as admin:
        give_up_at = time.monotonic() + 60
        while [one for one in admin.get(OUTBOX, params={"limit": 200}).json()["items"] if one["state"] in OPEN]:
            assert time.monotonic() < give_up_at
            time.sleep(0.2)


def dead(connect: ConnectSimulator) -> None:
    connect.set_faults({"kind": "status", "path": RECORDS, "status": 503})


def test_a_write_waits_only_when_that_is_asked_for(found: Installation, connect: ConnectSimulator) -> None:
    asha, dalia, chidi = (found.logged_in(one) for one in ("asha", "dalia", "chidi"))
    made = send(asha, "POST", "/api/v1/records", json=RECORD)
    assert made.status_code == 201, "what can be done now is done now"
    for one in (asha, dalia):
        assert len(one.get(LIST).json()["items"]) == 1
    dead(connect)
    path = made.headers["location"]
    assert send(asha, "PATCH", path, prefer=None, json={"data": 1}).status_code == 503
    queued = [
        send(asha, "PATCH", path, json={"data": {"title": "Mine"}}),
        send(asha, "POST", "/api/v1/records", json=RECORD),
        send(asha, "POST", "/api/v1/records/batch", json={"items": [RECORD, RECORD]}),
        send(dalia, "DELETE", path),
    ]
    for answer in queued:
        assert answer.status_code == 202, answer.text
        assert answer.headers["preference-applied"] == "respond-async"
        assert answer.headers["location"] == f"{OUTBOX}/{answer.json()['id']}"
        assert answer.json()["state"] == "waiting"
    own = asha.get(OUTBOX, params={"limit": 3}).json()
    assert own["items"][0]["state"] == "sent", "what was done at once stays to be looked up"
    assert [one["id"] for one in own["items"][1:]] == [one.json()["id"] for one in queued[:2]]
    rest = asha.get(OUTBOX, params={"limit": 3, "cursor": own["next_cursor"]}).json()
    assert [one["id"] for one in rest["items"]] == [queued[2].json()["id"]]
    assert chidi.get(OUTBOX).json()["items"] == []
    assert len(found.app.client().get(OUTBOX).json()["items"]) >= 4
    for stranger in (chidi, dalia):
        assert stranger.get(queued[0].headers["location"]).status_code == 404
        answer = send(stranger, "POST", queued[0].headers["location"] + "/resolve", json={"keep": "mine"})
        assert answer.status_code == 404
    early = send(asha, "POST", queued[0].headers["location"] + "/resolve", json={"keep": "mine"})
    assert (early.status_code, early.json()["type"].rpartition("/")[2]) == (409, "conflict")
    connect.set_faults()
    passed(found)
    assert asha.get(queued[0].headers["location"]).json()["state"] == "sent"
    assert len(connect.records()) == 4
    parked = dalia.get(queued[3].headers["location"]).json()
    assert (parked["state"], parked["conflict"]["mine"]) == ("conflict", None)
    assert parked["conflict"]["theirs"]["data"] == {"title": "Mine"}
    for bad in ({"keep": "both"}, {}, {"keep": "mine", "more": 1}):
        assert send(dalia, "POST", queued[3].headers["location"] + "/resolve", json=bad).status_code == 422
    resolved = send(dalia, "POST", queued[3].headers["location"] + "/resolve", json={"keep": "mine"})
    assert resolved.json()["state"] in ("waiting", "sent")
    passed(found)
    assert dalia.get(queued[3].headers["location"]).json()["state"] == "sent"
    assert len(connect.records()) == 3
    assert len(asha.get(LIST).json()["items"]) == 3


def test_what_can_never_be_taken_is_not_queued(found: Installation, connect: ConnectSimulator) -> None:
    asha = found.logged_in("asha")
    assert asha.get(LIST).status_code == 200
    dead(connect)
    for body, status in (
        ({**RECORD, "opportunity_id": 999_999}, 404),
        ({**RECORD, "data": None}, 422),
        ({**RECORD, "labs_record_id": 0}, 422),
    ):
        assert send(asha, "POST", "/api/v1/records", json=body).status_code == status
    assert send(asha, "GET", f"{OUTBOX}/none").status_code == 404
