"""Tasks over HTTP: what happens to them stays, whoever else acts at the same time."""

import asyncio
from typing import Any

import httpx
import pytest

from domain.records.kinds.task_status import LEGACY_STATUSES
from domain.records.values import LabsRecord
from tests.support.fake_records import FakeRecords
from tests.support.served import assert_problem

PATH = "/api/v1/tasks"
TASK = {"title": "Call the worker", "username": "worker_12", "opportunity_id": 814}


async def make(client: httpx.AsyncClient, **fields: Any) -> str:
    answer = await client.post(PATH, json={**TASK, **fields})
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


async def test_a_legacy_status_asks_for_what_it_means(asha: httpx.AsyncClient, records: FakeRecords) -> None:
    where = await make(asha)
    assert (await asha.post(f"{where}/status", json={"status": "closed"})).status_code == 200
    await make(asha)
    for status, found in (("resolved", ["closed"]), ("closed", ["closed"]), ("unassigned", ["investigating"])):
        listed = await asha.get(PATH, params={"status": status})
        assert (listed.status_code, [one["status"] for one in listed.json()["items"]]) == (200, found)
    assert_problem(await asha.get(PATH, params={"status": "on hold"}), 422, "invalid-value")


@pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u00a0"])
async def test_a_comment_says_something(asha: httpx.AsyncClient, blank: str) -> None:
    where = await make(asha)
    refused = await asha.post(f"{where}/comment", json={"comment": blank})
    assert assert_problem(refused, 422, "invalid-value")["errors"][0]["field"] == "comment"


async def test_a_task_from_its_making_to_its_resolution(asha: httpx.AsyncClient, records: FakeRecords) -> None:
    where = await make(asha, priority="high")
    task = (await asha.get(where)).json()
    assert (task["status"], task["priority"], task["assigned_to_name"]) == ("investigating", "high", "asha")
    body = {"assigned_to_type": "network_manager", "assigned_to_name": "Noor"}
    assert (await asha.post(f"{where}/assign", json=body)).json()["assigned_to_name"] == "Noor"
    assert (await asha.post(f"{where}/comment", json={"comment": "no answer"})).status_code == 200
    moved = await asha.post(f"{where}/status", json={"status": "flw_action_in_progress"})
    assert moved.json()["status"] == "flw_action_in_progress"
    details = {"official_action": "warned", "resolution_note": "talked"}
    resolved = (await asha.post(f"{where}/resolve", json=details)).json()
    assert (resolved["status"], resolved["resolution_details"]) == ("closed", details)
    events = (await asha.get(f"{where}/events")).json()["items"]
    kinds = ["created", "assigned", "comment", "status_changed", "status_changed"]
    assert [event["event_type"] for event in events] == kinds
    assert {event["actor"] for event in events} == {"asha"}
    assert records.actions == ["created", "tasks.assigned", "tasks.commented", "tasks.status-changed", "tasks.resolved"]
    assert (await asha.get(f"/api/v1/records/{task['id']}")).json()["username"] == "worker_12"


async def test_a_task_does_not_go_where_it_may_not(asha: httpx.AsyncClient) -> None:
    where = await make(asha)
    refused = await asha.post(f"{where}/status", json={"status": "flw_action_completed"})
    assert_problem(refused, 409, "conflict")
    assert "investigating cannot become flw_action_completed" in refused.json()["detail"]
    for status in ("resolved", "gone", "", 5):
        assert (await asha.post(f"{where}/status", json={"status": status})).status_code == 422
    assert (
        await asha.post(f"{where}/assign", json={"assigned_to_type": "boss", "assigned_to_name": "x"})
    ).status_code == 422
    assert (await asha.post(f"{where}/comment", json={"comment": ""})).status_code == 422
    assert len((await asha.get(f"{where}/events")).json()["items"]) == 1


async def test_changes_at_the_same_time_all_stay(asha: httpx.AsyncClient) -> None:
    where = await make(asha)
    comments = [asha.post(f"{where}/comment", json={"comment": f"c{number}"}) for number in range(20)]
    assign = asha.post(f"{where}/assign", json={"assigned_to_type": "self", "assigned_to_name": "Noor"})
    move = asha.post(f"{where}/status", json={"status": "review_needed"})
    change = asha.patch(where, json={"priority": "low"})
    answers = await asyncio.gather(*comments, assign, move, change)
    assert {answer.status_code for answer in answers} == {200}
    task = (await asha.get(where)).json()
    assert (task["assigned_to_name"], task["status"], task["priority"]) == ("Noor", "review_needed", "low")
    assert len(task["events"]) == 24
    assert {event["description"] for event in task["events"]} >= {f"c{number}" for number in range(20)}


async def test_whoever_names_a_version_is_told_that_it_is_gone(asha: httpx.AsyncClient) -> None:
    where = await make(asha)
    tag = (await asha.get(where)).headers["etag"]
    first = await asha.post(f"{where}/comment", json={"comment": "a"}, headers={"If-Match": tag})
    assert first.headers["etag"] != tag
    second = await asha.post(f"{where}/comment", json={"comment": "b"}, headers={"If-Match": tag})
    assert_problem(second, 412, "precondition-failed")


async def test_a_task_is_nobody_elses(asha: httpx.AsyncClient, boris: httpx.AsyncClient) -> None:
    where = await make(asha)
    bodies: dict[str, tuple[str, Any]] = {
        "": ("PATCH", {"title": "x"}),
        "/assign": ("POST", {"assigned_to_type": "self", "assigned_to_name": "x"}),
        "/comment": ("POST", {"comment": "x"}),
        "/status": ("POST", {"status": "closed"}),
        "/resolve": ("POST", {"official_action": "x"}),
        "/events": ("GET", None),
    }
    for path, (method, body) in bodies.items():
        assert (await boris.request(method, where + path, json=body)).status_code == 404, path
    assert (await boris.get(where)).status_code == 404
    assert (await boris.get(PATH)).json()["items"] == []
    assert_problem(await boris.post(PATH, json=TASK), 404, "not-found")
    assert len((await asha.get(f"{where}/events")).json()["items"]) == 1


async def test_many_tasks_are_made_all_or_none(asha: httpx.AsyncClient, records: FakeRecords) -> None:
    items = [{**TASK, "username": name} for name in ("worker_12", "worker_13")]
    made = await asha.post(f"{PATH}/batch", json={"items": items})
    assert (made.status_code, len(made.json()["items"])) == (201, 2)
    for bad, field in (
        ({**TASK, "username": "stranger"}, "username"),
        ({**TASK, "title": "  "}, "data.title"),
        ({**TASK, "audit_session_id": 999}, "audit_session_id"),
        ({**TASK, "opportunity_id": None}, "opportunity_id"),
    ):
        refused = await asha.post(f"{PATH}/batch", json={"items": [TASK, bad]})
        assert_problem(refused, 422, "invalid-value")
        [fault] = refused.json()["errors"]
        assert (fault["index"], fault["field"]) == (1, field)
    assert len(records.records) == 2


async def test_a_task_is_linked_to_an_audit_and_a_run(asha: httpx.AsyncClient, boris: httpx.AsyncClient) -> None:
    run = {"data": {"definition_id": 1}, "opportunity_id": 814}
    run_id = (await asha.post("/api/v1/records/kinds/workflow-run", json=run)).json()["id"]
    audit = {"data": {"title": "Audit"}, "opportunity_id": 814}
    audit_id = (await asha.post("/api/v1/records/kinds/audit-session", json=audit)).json()["id"]
    foreign = await boris.post("/api/v1/records/kinds/audit-session", json={"data": {}, "opportunity_id": 900})
    where = await make(asha, workflow_run_id=run_id)
    linked = await asha.patch(where, json={"audit_session_id": audit_id})
    assert (linked.json()["audit_session_id"], linked.json()["workflow_run_id"]) == (audit_id, run_id)
    for wrong in (run_id, foreign.json()["id"], 999):
        assert_problem(await asha.patch(where, json={"audit_session_id": wrong}), 422, "invalid-value")
        for nobodys in (f"{PATH}/{audit_id}", f"{PATH}/999"):
            assert_problem(await asha.patch(nobodys, json={"audit_session_id": wrong}), 404, "not-found")
        assert_problem(await boris.patch(where, json={"audit_session_id": wrong}), 404, "not-found")
    found = (await asha.get(PATH, params={"audit_session_id": str(audit_id)})).json()["items"]
    assert [one["id"] for one in found] == [linked.json()["id"]]
    assert (await asha.patch(where, json={"audit_session_id": None})).json()["audit_session_id"] is None


async def test_tasks_are_found_by_what_they_are(asha: httpx.AsyncClient, records: FakeRecords) -> None:
    for number, status in enumerate(["closed", *LEGACY_STATUSES], 1):
        data = {"title": str(number), "status": status, "priority": "low"}
        records.records[number] = LabsRecord(id=number, experiment="tasks", type="Task", data=data, opportunity_id=814)
    closed = (await asha.get(PATH, params={"status": "closed"})).json()["items"]
    assert [one["status"] for one in closed] == ["closed", "closed"]
    assert len((await asha.get(PATH, params={"priority": "low"})).json()["items"]) == 6
    assert len((await asha.get(PATH, params={"data.status": "resolved"})).json()["items"]) == 1
    for query in ("status=gone", "priority=urgent", "title=x", "audit_session_id=x", "public=true"):
        assert (await asha.get(f"{PATH}?{query}")).status_code == 422, query


async def test_events_are_paged_from_the_oldest(asha: httpx.AsyncClient) -> None:
    where = await make(asha)
    for number in range(4):
        await asha.post(f"{where}/comment", json={"comment": str(number)})
    first = (await asha.get(f"{where}/events", params={"limit": 3})).json()
    rest = (await asha.get(f"{where}/events", params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert [event["description"] for event in rest["items"]] == ["2", "3"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("path", ["/0", "/x", "/99999999999999999999"])
async def test_what_is_no_id_is_refused(asha: httpx.AsyncClient, path: str) -> None:
    assert (await asha.get(PATH + path)).status_code == 422


async def test_a_task_that_holds_rubbish_is_shown_and_can_be_worked_with(
    asha: httpx.AsyncClient, records: FakeRecords
) -> None:
    data = {"title": 5, "status": [], "events": "x", "assigned_to_type": None, "resolution_details": 1, "a.b": 1}
    records.records[1] = LabsRecord(id=1, experiment="tasks", type="Task", data=data, opportunity_id=814)
    records.records[2] = LabsRecord(id=2, experiment="tasks", type="Task", data=[1], opportunity_id=814)
    assert (await asha.get(f"{PATH}/1")).status_code == 200
    assert (await asha.get(PATH)).status_code == 200
    assert (await asha.post(f"{PATH}/1/comment", json={"comment": "x"})).status_code == 200
    assert records.records[1].data["a.b"] == 1
    assert_problem(await asha.post(f"{PATH}/2/comment", json={"comment": "x"}), 409, "conflict")
