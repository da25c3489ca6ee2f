"""The drop-in: a client that was written for Connect works here, and what surprises there surprises here alike."""

from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from api.kernel.authorization import Role
from tests.http.kernel.toy import client_of, token
from tests.http.records.connect_client import ConnectClient, LabsApiError
from tests.support.fake_records import FakeRecords
from tests.support.served import assert_problem

PATH = "/export/labs_record/"
TASK = {"experiment": "tasks", "type": "Task", "data": {"title": "Call worker"}, "opportunity_id": 814}
SHAPE = [
    *("id", "username", "experiment", "opportunity_id", "organization_id", "program_id", "labs_record_id", "type"),
    *("data", "public"),
]


@pytest_asyncio.fixture
async def connect(app: FastAPI) -> Any:
    async with client_of(app) as http:
        yield ConnectClient(http, token(Role.USER, "asha"), opportunity_id=814)


@pytest_asyncio.fixture
async def stranger(app: FastAPI) -> Any:
    async with client_of(app) as http:
        yield ConnectClient(http, token(Role.USER, "boris"), opportunity_id=814)


async def test_a_client_that_knows_only_the_contract_works(connect: ConnectClient) -> None:
    made = await connect.create_record("tasks", "Task", {"title": "a", "k.e$y": 1}, username="worker_12")
    assert list(made) == SHAPE
    assert (made["username"], made["opportunity_id"], made["public"]) == ("worker_12", 814, False)
    changed = await connect.update_record(made["id"], "tasks", "Task", {"title": "b"})
    assert (changed["id"], changed["data"], changed["username"]) == (made["id"], {"title": "b"}, "worker_12")
    child = await connect.create_record("tasks", "Note", {}, labs_record_id=made["id"])
    assert [one["id"] for one in await connect.get_records(type="Task")] == [made["id"]]
    assert len(await connect.get_records(labs_record_id=made["id"])) == 1
    await connect.delete_records([made["id"]])
    assert await connect.get_record_by_id(child["id"], "tasks", "Note") is None
    assert await connect.get_records() == []


async def test_the_events_of_a_task_are_not_rewritten_by_any_way_of_writing(asha: httpx.AsyncClient) -> None:
    made = await asha.post("/api/v1/tasks", json={"title": "Call", "username": "asha", "opportunity_id": 814})
    task = (await asha.get(f"/api/v1/records/{made.json()['id']}")).json()
    where, data = f"/api/v1/records/{task['id']}", {**task["data"], "title": "Called"}
    for events in ([], [{"event_type": "comment"}], None):
        for prefer in ({}, {"Prefer": "respond-async"}):
            refused = await asha.patch(where, json={"data": {**data, "events": events}}, headers=prefer)
            [fault] = assert_problem(refused, 422, "invalid-value")["errors"]
            assert fault["field"] == "data.events"
            assert "may only be appended to" in fault["rule"]
        dropped_in = await asha.post(PATH, json=[{"id": task["id"], "data": {**data, "events": events}}])
        assert (dropped_in.status_code, "data.events" in dropped_in.json()["detail"]) == (400, True)
    assert (await asha.patch(where, json={"data": data})).status_code == 200
    events = [*data["events"], {"event_type": "comment", "description": "by another client"}]
    assert (await asha.post(PATH, json=[{"id": task["id"], "data": {**data, "events": events}}])).status_code == 200


async def test_somebody_else_finds_nothing(connect: ConnectClient, stranger: ConnectClient) -> None:
    made = await connect.create_record("tasks", "Task", {})
    for call in (
        stranger.get_records(),
        stranger.create_record("tasks", "Task", {}),
        stranger.delete_records([made["id"]]),
        stranger.opportunity(814),
    ):
        with pytest.raises(LabsApiError) as refused:
            await call
        assert refused.value.status == 404
        assert '{"detail":"Not found."}' in str(refused.value)
    assert await stranger.get_records(public=True) == []
    assert await stranger.get_records(public=True, id=made["id"]) == []
    assert len(await connect.get_records()) == 1


async def test_without_a_scope_only_what_is_public(asha: httpx.AsyncClient, boris: httpx.AsyncClient) -> None:
    await asha.post(PATH, json=[TASK, {**TASK, "public": True}])
    for client in (asha, boris):
        assert [one["id"] for one in (await client.get(PATH)).json()] == [2]
        assert (await client.get(PATH, params={"public": "False"})).json() == []


async def test_what_names_no_scope_is_taken_shown_to_nobody_and_open_to_everyone_by_its_id(
    asha: httpx.AsyncClient, boris: httpx.AsyncClient
) -> None:
    [made] = (await asha.post(PATH, json=[{**TASK, "opportunity_id": None}])).json()
    assert (made["opportunity_id"], made["program_id"], made["organization_id"]) == (None, None, None)
    for client in (asha, boris):
        assert (await client.get(PATH)).json() == []
        assert (await client.get(PATH, params={"id": made["id"]})).json() == []
    changed = await boris.post(PATH, json=[{"id": made["id"], "data": {"title": "found"}}])
    assert (changed.status_code, changed.json()[0]["data"]) == (200, {"title": "found"})
    deleted = await boris.request("DELETE", PATH, json=[{"id": made["id"]}])
    assert (deleted.status_code, deleted.content) == (200, b"")


async def test_the_first_scope_decides_and_the_others_narrow(asha: httpx.AsyncClient, boris: httpx.AsyncClient) -> None:
    await asha.post(PATH, json=[TASK, {**TASK, "program_id": 12}])
    assert len((await asha.get(f"{PATH}?opportunity_id=814")).json()) == 2
    assert [one["id"] for one in (await asha.get(f"{PATH}?opportunity_id=814&program_id=12")).json()] == [2]
    assert [one["id"] for one in (await asha.get(f"{PATH}?program_id=12")).json()] == [2]
    assert (await asha.get(f"{PATH}?opportunity_id=814&program_id=999")).json() == []
    assert (await asha.get(f"{PATH}?program_id=999&organization_id=7")).status_code == 404
    assert (await boris.get(f"{PATH}?opportunity_id=900&program_id=12")).json() == []


async def test_filters_are_lookups_and_compare_text(asha: httpx.AsyncClient) -> None:
    values: list[Any] = [5, "5", True, "open", "OPENED", None, ["open", 7], {"b": "deep"}, 55]
    items = [{**TASK, "data": {"x": value}, "username": "worker_12"} for value in values]
    assert (await asha.post(PATH, json=items)).status_code == 200
    await asha.post(PATH, json={**TASK, "data": {}, "username": "worker_13"})

    async def found(query: str) -> list[Any]:
        answer = await asha.get(f"{PATH}?opportunity_id=814&{query}")
        assert answer.status_code == 200, answer.text
        return [one["data"].get("x", "absent") for one in answer.json()]

    assert await found("data__x=5") == ["5"]
    assert await found("data__x=true") == []
    assert await found("data__x=null") == []
    assert await found("data__x__icontains=open") == ["open", "OPENED", ["open", 7]]
    assert await found("data__x__startswith=5") == [5, "5", 55]
    assert await found("data__x__iexact=OPEN") == ["open"]
    assert await found("data__x__contains=open") == ["open", ["open", 7]]
    assert await found("data__x__1=7") == []
    assert await found("data__x__0=open") == [["open", 7]]
    assert await found("data__x__b=deep") == [{"b": "deep"}]
    assert await found("data__x__gt=5") == [5, True, "open", "OPENED", ["open", 7], {"b": "deep"}, 55]
    assert await found("data__has_key=x&user__username=worker_13") == []
    assert await found("data__x__isnull=True") == ["absent"]
    assert await found("user__username=worker_13") == ["absent"]
    assert await found("user__username__startswith=worker&type__iexact=task&data__x=open") == ["open"]
    assert await found("id=2") == ["5"]
    assert await found("id__gte=9") == [55, "absent"]
    assert await found("public=0&data__x=open") == ["open"]
    assert await found("type=a&type=Task&data__x=open") == ["open"]
    assert await found("experiment=") == []
    assert await found("data__$where=1") == []


@pytest.mark.parametrize(
    "query",
    [
        "username=asha",
        "public=true",
        "nonsense=1",
        "opportunity_id=x",
        "opportunity_id=",
        "id=1.5",
        "id=99999999999999999999",
        "type__nonsense=1",
        "data__x__regex=(a+)%2B$",
        "experiment__regex=a",
        "user=5",
        "__class__=1",
        "data__x__isnull=5",
    ],
)
async def test_a_filter_that_breaks_the_remote_is_refused_here(asha: httpx.AsyncClient, query: str) -> None:
    answer = await asha.get(f"{PATH}?{query}")
    assert (answer.status_code, list(answer.json())) == (400, ["detail"]), answer.text


async def test_a_batch_succeeds_or_fails_as_one(asha: httpx.AsyncClient, records: FakeRecords) -> None:
    one = await asha.post(PATH, json=TASK)
    assert (one.status_code, [list(record) for record in one.json()]) == (200, [SHAPE])
    both = await asha.post(PATH, json=[{**TASK, "id": None}, {"id": 1, "data": {"new": True}}])
    assert [(record["id"], record["data"]) for record in both.json()] == [(2, TASK["data"]), (1, {"new": True})]
    before = dict(records.records)
    for bad, status in (
        ({**TASK, "username": "stranger"}, 400),
        ({**TASK, "surprise": 1}, 400),
        ({"experiment": "tasks", "type": "Task", "opportunity_id": 814}, 400),
        ({**TASK, "data": None}, 400),
        ({**TASK, "public": "yes"}, 400),
        ({**TASK, "type": "x" * 256}, 400),
        ({**TASK, "opportunity_id": 900}, 404),
        ({**TASK, "program_id": 999}, 404),
        ({"id": 999, "data": {}}, 404),
        ({"id": 1, "data": {}, "program_id": 12}, 404),
        ("text", 400),
    ):
        answer = await asha.post(PATH, json=[TASK, bad])
        assert (answer.status_code, list(answer.json())) == (status, ["detail"]), (bad, answer.text)
        assert records.records == before
    assert (await asha.post(PATH, content=b"{", headers={"Content-Type": "application/json"})).status_code == 400
    assert (await asha.post(PATH, json=[])).json() == []


async def test_an_id_that_is_free_is_taken_under_a_scope(asha: httpx.AsyncClient) -> None:
    made = await asha.post(PATH, json=[{**TASK, "id": 77}])
    assert made.json()[0]["id"] == 77
    assert (await asha.post(PATH, json=TASK)).json()[0]["id"] == 78
    assert (await asha.post(PATH, json=[{**TASK, "id": "77", "username": None}])).json()[0]["id"] == 77


async def test_deleting(asha: httpx.AsyncClient, boris: httpx.AsyncClient, records: FakeRecords) -> None:
    await asha.post(PATH, json=[TASK, TASK, TASK])
    await boris.post(PATH, json={**TASK, "opportunity_id": 900})

    async def delete(body: Any) -> httpx.Response:
        return await asha.request("DELETE", PATH, json=body)

    for body, status in (
        ([{"id": 1}, {"id": 999}], 404),
        ([{"id": 1}, {"id": 4}], 404),
        ([{"id": 1, "opportunity_id": 900}], 404),
        ([{"id": "x"}], 400),
        ([{"id": 0}], 404),
        ([{"id": -1}], 404),
        ([1], 400),
        ([{"id": 1, "surprise": 1}], 400),
    ):
        assert (await delete(body)).status_code == status, body
    assert len(records.records) == 4
    skipped = await delete([{"id": 1, "opportunity_id": 814}, {"id": 4, "opportunity_id": 814}])
    assert (skipped.status_code, skipped.content) == (200, b"")
    assert list(records.records) == [2, 3, 4]
    assert (await delete({"id": 2})).content == b""
    assert (await delete([{"id": 3}, {"id": 3}])).status_code == 200
    assert list(records.records) == [4]


async def test_removing_reaches_whatever_is_theirs_and_nothing_else(
    asha: httpx.AsyncClient, boris: httpx.AsyncClient, records: FakeRecords
) -> None:
    await asha.post(PATH, json=[TASK, {**TASK, "opportunity_id": None, "program_id": 12}])
    await boris.post(PATH, json={**TASK, "opportunity_id": 900, "public": True})
    for body in ({}, [{"id": None}], [{"id": None, "opportunity_id": 814}], []):
        answer = await asha.request("DELETE", PATH, json=body)
        assert (answer.status_code, answer.content) == (200, b""), body
    assert (await asha.request("DELETE", PATH, json={"opportunity_id": 900})).status_code == 404
    assert len(records.records) == 3
    named = [{"id": 1, "program_id": 12}, {"id": 2, "opportunity_id": 814}, {"id": 3, "opportunity_id": 814}]
    assert (await asha.request("DELETE", PATH, json=named)).status_code == 200
    assert list(records.records) == [3]
    refused = await asha.request("DELETE", PATH, json={"id": 3, "bogus": 1})
    assert (refused.status_code, "bogus" in refused.text) == (400, True), refused.text


async def test_ids_are_read_as_there(asha: httpx.AsyncClient) -> None:
    await asha.post(PATH, json=[TASK, TASK])
    for said in (" 814", "+814", "8_14", "814 "):
        listed = await asha.get(PATH, params={"opportunity_id": said})
        assert [one["id"] for one in listed.json()] == [1, 2], said
        made = await asha.post(PATH, json={"id": " +1 ", "data": said, "opportunity_id": said})
        assert [(one["id"], one["data"]) for one in made.json()] == [(1, said)]
    for number in (0, -1, 2**63, 2**70):
        assert (await asha.get(PATH, params={"opportunity_id": number})).status_code == 404
        assert (await asha.post(PATH, json={**TASK, "opportunity_id": number})).status_code == 404
        assert (await asha.post(PATH, json={"id": number, "data": 1})).status_code == 404


async def test_a_record_may_be_in_a_batch_twice(asha: httpx.AsyncClient, records: FakeRecords) -> None:
    await asha.post(PATH, json=TASK)
    batch = [{"id": 1, "data": "a", "type": "B"}, TASK, {"id": "1", "data": "c"}, {**TASK, "data": "d"}]
    answer = await asha.post(PATH, json=batch)
    assert [(one["id"], one["type"], one["data"]) for one in answer.json()] == [
        (1, "B", "c"), (2, "Task", TASK["data"]), (1, "B", "c"), (3, "Task", "d"),
    ]  # fmt: skip
    assert len(records.records) == 3


async def test_what_belongs_to_nobody_is_everybodys(asha: httpx.AsyncClient, boris: httpx.AsyncClient) -> None:
    made = await asha.post(PATH, json={"experiment": "x", "type": "Y", "data": {}})
    assert made.status_code == 200
    assert (await boris.post(PATH, json={"id": 1, "data": {"by": "boris"}})).status_code == 200
    assert (await boris.request("DELETE", PATH, json={"id": 1})).status_code == 200


async def test_the_manner_of_the_remote(app: FastAPI, asha: httpx.AsyncClient) -> None:
    async with client_of(app) as nobody:
        for method, path in (("GET", PATH), ("POST", PATH), ("DELETE", PATH), ("GET", "/export/opp_org_program_list/")):
            answer = await nobody.request(method, path)
            assert (answer.status_code, list(answer.json())) == (401, ["detail"])
            assert answer.headers["www-authenticate"].startswith("Bearer")
    for method in ("PUT", "PATCH"):
        answer = await asha.request(method, PATH, json={})
        assert (answer.status_code, answer.json()) == (405, {"detail": f'Method "{method}" not allowed.'})
    paths = (PATH, "/export/opp_org_program_list/", "/export/opportunity/814/")
    for path in paths:
        headed = await asha.head(path)
        assert (headed.status_code, headed.headers["content-type"]) == (200, "application/json"), path
        for method in ("GET", "POST"):
            moved = await asha.request(method, path.rstrip("/"), params={"opportunity_id": "814"}, json={})
            assert (moved.status_code, moved.headers["location"]) == (307, f"{path}?opportunity_id=814")
    for path in ("/export/", "/export/nothing/", "/export/labs_record/1/", "/export//evil.example/labs_record"):
        nowhere = await asha.get(path)
        assert (nowhere.status_code, nowhere.json()) == (404, {"detail": "Not found."}), path
    for accept, status in (
        ("*/*", 200),
        ("application/json", 200),
        ("application/json; version=2.0", 200),
        ("text/csv, application/json;version=1.0", 200),
        ("application/json; version=3.0", 406),
        ("text/csv", 406),
    ):
        answer = await asha.get(PATH, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json"), accept
    for path in ("/export/opportunity/900/", "/export/opportunity/abc/", "/export/opportunity/99999999999999999999/"):
        answer = await asha.get(path)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


async def test_what_one_may_see(connect: ConnectClient) -> None:
    mine = await connect.everything_mine()
    assert mine["organizations"] == [{"id": 7, "slug": "lwala", "name": "Lwala", "funder": False}]
    assert [one["organization"] for one in mine["opportunities"]] == ["lwala"]
    assert mine["opportunities"][0] == {
        "id": 814,
        "name": "CHC Round 3",
        "date_created": None,
        "organization": "lwala",
        "supervising_organization": None,
        "end_date": None,
        "is_active": True,
        "program": 12,
        "visit_count": 10452,
    }
    assert mine["programs"][0]["delivery_type"] == "nutrition"
    one = await connect.opportunity(814)
    assert (one["name"], one["deliver_app"], one["payment_units"]) == ("CHC Round 3", None, [])
    assert len(one) == 20
