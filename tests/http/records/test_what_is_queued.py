"""Every route that writes records queues when it is asked to: tasks, kinds, and the drop-in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.http.access.people import Installation, installed
from tests.http.records.test_outbox_over_http import OUTBOX, RECORD, dead, passed, send
from tests.support.connect import ConnectSimulator, _module_connect, connect
from tests.support.mongo import LocalMongod

__all__ = ["_module_connect", "connect"]


@pytest.fixture
def found(shared_mongod: LocalMongod, tmp_path: Path, connect: ConnectSimulator) -> Iterator[Installation]:
    with installed(shared_mongod, tmp_path, connect, repository="cached") as opened:
        yield opened


def test_changes_of_tasks_wait_and_each_stands_on_the_one_before(
    found: Installation, connect: ConnectSimulator
) -> None:
    asha, dalia = found.logged_in("asha"), found.logged_in("dalia")
    task = {"title": "Call", "username": "brian", "opportunity_id": 814}
    made = send(asha, "POST", "/api/v1/tasks", json=task)
    assert made.status_code == 201, made.text
    path = made.headers["location"]
    for one in (asha, dalia):
        assert one.get(path).status_code == 200
    dead(connect)
    assert send(asha, "POST", f"{path}/comment", prefer=None, json={"comment": "lost"}).status_code == 503
    tag = {"If-Match": asha.get(path).headers["etag"]}
    queued = [
        send(asha, "POST", f"{path}/comment", json={"comment": "first"}),
        send(asha, "POST", f"{path}/comment", json={"comment": "second"}),
        send(asha, "POST", f"{path}/assign", json={"assigned_to_type": "program_manager", "assigned_to_name": "Pia"}),
        send(asha, "PATCH", path, json={"priority": "high"}),
        send(asha, "POST", f"{path}/resolve", json={"official_action": "none", "resolution_note": "fine"}),
        send(asha, "POST", "/api/v1/tasks", json={**task, "title": "New"}),
        send(asha, "POST", "/api/v1/tasks/batch", json={"items": [task, task]}),
        send(dalia, "POST", f"{path}/comment", json={"comment": "dalia's"}),
    ]
    for answer in queued:
        assert answer.status_code == 202, answer.text
        assert answer.headers["location"] == f"{OUTBOX}/{answer.json()['id']}"
        assert answer.json()["state"] == "waiting"
    again = send(asha, "POST", f"{path}/resolve", json={"official_action": "none", "resolution_note": "twice"})
    assert again.status_code == 409, "it is decided upon what waits: there it is closed"
    assert [one["event_type"] for one in asha.get(path).json()["events"]] == ["created"], "nothing is so before it is"
    assert tag["If-Match"] == asha.get(path).headers["etag"]
    connect.set_faults()
    passed(found)
    assert [asha.get(one.headers["location"]).json()["state"] for one in queued[:-1]] == ["sent"] * 7
    task_now = asha.get(path).json()
    said = [one["description"] for one in task_now["events"] if one["event_type"] == "comment"]
    assert said == ["first", "second"]
    assert (task_now["status"], task_now["priority"], task_now["assigned_to_name"]) == ("closed", "high", "Pia")
    assert len(task_now["events"]) == 6
    parked = dalia.get(queued[-1].headers["location"]).json()
    assert parked["state"] == "conflict", "somebody else's comment is not written over them"
    assert len(parked["conflict"]["theirs"]["data"]["events"]) == 6
    assert [one["data"]["title"] for one in connect.records()] == ["Call", "New", "Call", "Call"]
    done = send(asha, "POST", "/api/v1/tasks", json=task)
    assert done.status_code == 201, "what can be done now is done now"
    assert send(asha, "POST", f"{done.headers['location']}/comment", json={"comment": "now"}).status_code == 200


def test_records_of_a_kind_wait(found: Installation, connect: ConnectSimulator) -> None:
    asha = found.logged_in("asha")
    kind = "/api/v1/records/kinds/workflow-run"
    body = {"opportunity_id": 814, "data": {"definition_id": 1, "period_start": "2026-01-01"}}
    made = send(asha, "POST", kind, json=body)
    assert made.status_code == 201, made.text
    path = made.headers["location"]
    assert asha.get(path).status_code == 200
    dead(connect)
    queued = [
        send(asha, "PATCH", path, json={"data": {"one": 1}}),
        send(asha, "PATCH", path, json={"data": {"two": 2}}),
        send(asha, "POST", kind, json=body),
        send(asha, "POST", f"{kind}/batch", json={"items": [body]}),
    ]
    assert [one.status_code for one in queued] == [202] * 4, [one.text for one in queued]
    connect.set_faults()
    passed(found)
    data = asha.get(path).json()["data"]
    assert (data["one"], data["two"]) == (1, 2)
    assert len(connect.records()) == 3


def test_the_drop_in_queues_too(found: Installation, connect: ConnectSimulator) -> None:
    asha = found.logged_in("asha")
    drop_in = "/export/labs_record/"
    made = send(asha, "POST", drop_in, json=[RECORD, {**RECORD, "data": 2}, {**RECORD, "data": 3}])
    assert made.status_code == 200, made.text
    ids = [one["id"] for one in made.json()]
    assert len(asha.get(drop_in, params={"opportunity_id": 814}).json()) == 3
    connect.set_records([{**one, "data": "changed there"} for one in connect.records()])
    unseen = send(asha, "POST", drop_in, json={"id": ids[0], "data": 1})
    assert (unseen.status_code, list(unseen.json())) == (409, ["detail"]), "as without asking to wait"
    over = send(asha, "POST", drop_in, json={"id": ids[0], "data": 1})
    assert over.status_code == 200, "it was told by then"
    dead(connect)
    assert send(asha, "POST", drop_in, prefer=None, json=RECORD).status_code == 503
    assert send(asha, "DELETE", drop_in, prefer=None, json=[{"id": ids[0]}]).status_code == 503
    queued = [
        send(asha, "POST", drop_in, json=[{"id": ids[0], "data": "later"}, {**RECORD, "data": "new"}]),
        send(asha, "DELETE", drop_in, json=[{"id": one} for one in ids[1:]]),
    ]
    for answer in queued:
        assert answer.status_code == 202, answer.text
        assert answer.headers["preference-applied"] == "respond-async"
        assert answer.headers["location"] == f"{OUTBOX}/{answer.json()['id']}"
    for method, body in (("POST", {"id": 999_999, "data": 1}), ("DELETE", [{"id": 999_999}])):
        assert send(asha, method, drop_in, json=body).status_code == 503, "nobody knows whether it is there"
    connect.set_faults()
    passed(found)
    assert sorted(one["data"] for one in connect.records()) == ["later", "new"]
    for method, body in (("POST", {"id": 999_999, "data": 1}), ("DELETE", [{"id": 999_999}])):
        answer = send(asha, method, drop_in, json=body)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})
    gone = send(asha, "DELETE", drop_in, json=[{"id": ids[0]}])
    assert (gone.status_code, gone.content) == (200, b"")


def test_a_queued_write_that_is_sent_again_under_its_key_is_answered_alike(
    found: Installation, connect: ConnectSimulator
) -> None:
    asha = found.logged_in("asha")
    assert send(asha, "POST", "/api/v1/records", json=RECORD).status_code in (201, 202)
    dead(connect)
    own = {"Origin": str(asha.base_url).rstrip("/"), "Prefer": "respond-async", "Idempotency-Key": "once"}
    first, again = (asha.post("/api/v1/records", json=RECORD, headers=own) for _ in range(2))
    assert (first.status_code, again.status_code, again.headers["idempotent-replayed"]) == (202, 202, "true")
    assert again.headers["preference-applied"] == first.headers["preference-applied"] == "respond-async"
    assert again.headers["location"] == first.headers["location"]
    connect.set_faults()
    passed(found)
