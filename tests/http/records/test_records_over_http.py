"""Records over HTTP: made, found, changed, compared, and never anybody else's."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.http.kernel.toy import NOW
from tests.support.fake_records import FakeRecords
from tests.support.served import assert_problem

PATH = "/api/v1/records"
RUN = {"experiment": "workflow", "type": "workflow_run", "data": {"definition_id": 1}, "opportunity_id": 814}


async def make(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post(PATH, json={**RUN, **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_record_is_made_read_changed_and_removed(asha: httpx.AsyncClient) -> None:
    made = await asha.post(PATH, json=RUN)
    assert (made.status_code, made.headers["location"]) == (201, f"{PATH}/1")
    where, tag = made.headers["location"], made.headers["etag"]
    assert made.json() == {
        **RUN,
        "id": 1,
        "username": None,
        "organization_id": None,
        "program_id": None,
        "labs_record_id": None,
        "public": False,
        "kind": "workflow-run",
    }
    read = await asha.get(where)
    assert (read.json(), read.headers["etag"]) == (made.json(), tag)
    assert (await asha.get(where, headers={"If-None-Match": tag})).status_code == 304

    changed = await asha.patch(where, json={"data": {"definition_id": 2}}, headers={"If-Match": tag})
    assert (changed.status_code, changed.json()["data"]) == (200, {"definition_id": 2})
    assert changed.headers["etag"] != tag
    assert_problem(
        await asha.patch(where, json={"public": True}, headers={"If-Match": tag}), 412, "precondition-failed"
    )
    assert_problem(await asha.delete(where, headers={"If-Match": tag}), 412, "precondition-failed")
    assert (await asha.delete(where, headers={"If-Match": changed.headers["etag"]})).status_code == 204
    assert_problem(await asha.get(where), 404, "not-found")
    assert_problem(await asha.delete(where), 404, "not-found")


async def test_data_come_back_exactly(asha: httpx.AsyncClient) -> None:
    data = '{"z.y":{"$set":1},"a":[1.0,1,1e3,12345678901234567890123456789,null,true,"\\u00e9"],"":{"":[]}}'
    body = '{"experiment":"x","type":"Y","public":true,"data":' + data + "}"
    made = await asha.post(PATH, content=body, headers={"Content-Type": "application/json"})
    assert made.status_code == 201
    answer = await asha.get(made.headers["location"])
    assert list(answer.json()["data"]) == ["z.y", "a", ""]
    assert answer.json()["data"] == json.loads(data)
    assert answer.json()["kind"] is None


async def test_what_is_not_theirs_is_not_there(asha: httpx.AsyncClient, boris: httpx.AsyncClient) -> None:
    made = await make(asha)
    where = f"{PATH}/{made['id']}"
    for method, url in (
        ("GET", where),
        ("PATCH", where),
        ("DELETE", where),
        ("GET", f"{where}/history"),
        ("GET", f"{where}/diff?from=1"),
        ("GET", f"{PATH}?opportunity_id=814"),
        ("GET", f"{PATH}?program_id=12"),
        ("GET", f"{PATH}?organization_id=lwala"),
        ("GET", f"{PATH}?organization_id=7"),
        ("GET", f"{PATH}/kinds/workflow-run?opportunity_id=814"),
        ("GET", f"{PATH}/kinds/workflow-run/{made['id']}"),
        ("GET", "/api/v1/tasks?opportunity_id=814"),
        ("GET", "/export/opportunity/814/"),
        ("GET", "/export/labs_record/?opportunity_id=814"),
    ):
        answer = await boris.request(method, url, json={"public": True} if method == "PATCH" else None)
        assert answer.status_code == 404, (method, url, answer.text)
    for url in (PATH, f"{PATH}?id={made['id']}", f"{PATH}?kind=workflow-run", f"{PATH}?public=false"):
        assert (await boris.get(url)).json()["items"] == []
    assert_problem(await boris.post(PATH, json=RUN), 404, "not-found")
    assert (await asha.get(where)).status_code == 200


async def test_public_records_are_read_by_everybody_and_changed_by_their_own(
    asha: httpx.AsyncClient, boris: httpx.AsyncClient
) -> None:
    made = await make(asha, public=True)
    where = f"{PATH}/{made['id']}"
    assert (await boris.get(where)).status_code == 200
    assert [one["id"] for one in (await boris.get(f"{PATH}?public=true")).json()["items"]] == [made["id"]]
    assert (await boris.patch(where, json={"public": False})).status_code == 404
    assert (await boris.delete(where)).status_code == 404


async def test_a_record_that_nobody_would_find_is_refused(asha: httpx.AsyncClient, records: FakeRecords) -> None:
    lost = {name: value for name, value in RUN.items() if name != "opportunity_id"}
    for body in (lost, {**lost, "public": False}, {**lost, "program_id": None}):
        [fault] = assert_problem(await asha.post(PATH, json=body), 422, "invalid-value")["errors"]
        assert (fault["field"], "unless public" in fault["rule"]) == ("opportunity_id", True)
    problem = assert_problem(await asha.post(f"{PATH}/batch", json={"items": [RUN, lost]}), 422)
    assert "item 1" in problem["detail"]
    kind = f"{PATH}/kinds/workflow-run"
    assert_problem(await asha.post(kind, json={"data": {"definition_id": 1}}), 422, "invalid-value")
    assert (await asha.get(PATH, params={"opportunity_id": 814})).json()["items"] == []

    public = await asha.post(PATH, json={**lost, "public": True})
    assert public.status_code == 201
    hidden = await asha.patch(public.headers["location"], json={"public": False})
    assert assert_problem(hidden, 422, "invalid-value")["errors"][0]["field"] == "public"
    assert (await asha.get(public.headers["location"])).json()["public"] is True


async def test_a_value_is_compared_by_its_type(asha: httpx.AsyncClient) -> None:
    values: list[Any] = [5, "5", True, "true", None, "open", {"a.b": 7}, [1, 2]]
    for value in values:
        await make(asha, data={"definition_id": 1, "x": value})

    async def found(**query: str) -> list[Any]:
        answer = await asha.get(PATH, params={"opportunity_id": "814", **query})
        assert answer.status_code == 200, answer.text
        return [one["data"]["x"] for one in answer.json()["items"]]

    for text, wanted in (("5", 5), ('"5"', "5"), ("true", True), ('"true"', "true"), ("open", "open"), ("null", None)):
        [only] = await found(**{"data.x": text})
        assert (only, type(only)) == (wanted, type(wanted))
    assert await found(**{'data.x."a.b"': "7"}) == [{"a.b": 7}]
    assert await found(**{"data.x.a.b": "7"}) == []
    assert await found(**{"data.x": "[1, 2]"}) == [[1, 2]]
    assert await found(**{"data.x.1": "2"}) == [[1, 2]]
    assert await found(**{"data.x": '{"$gt": 0}'}) == []
    assert await found(**{"data.$where": "1"}) == []
    assert len(await found(kind="workflow-run")) == len(values)
    assert await found(kind="task") == []


@pytest.mark.parametrize(
    "query",
    [
        "nonsense=1",
        "data=5",
        "data.=5",
        "data..x=5",
        'data."x=5',
        "id=x",
        "id=0",
        "public=True",
        "kind=none",
        "labs_record_id=-1",
        "data.x=1&data.x=2",
        "experiment=a&experiment=b",
        "$where=1",
        "limit=0",
        "cursor=nonsense",
        "opportunity_id=x",
        "data__x=1",
    ],
)
async def test_a_filter_that_is_none_is_refused_by_name(asha: httpx.AsyncClient, query: str) -> None:
    answer = await asha.get(f"{PATH}?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]


async def test_lists_are_paged_and_unchanged_ones_not_sent_again(asha: httpx.AsyncClient) -> None:
    for _ in range(5):
        await make(asha)
    seen: list[int] = []
    cursor = None
    while True:
        query = {"opportunity_id": "814", "limit": "2", **({"cursor": cursor} if cursor else {})}
        answer = await asha.get(PATH, params=query)
        seen += [one["id"] for one in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            break
    assert seen == [1, 2, 3, 4, 5]
    page = await asha.get(PATH, params={"limit": "2"})
    assert (
        await asha.get(PATH, params={"limit": "2"}, headers={"If-None-Match": page.headers["etag"]})
    ).status_code == 304
    other = await asha.get(PATH, params={"kind": "task", "cursor": page.json()["next_cursor"]})
    assert_problem(other, 422, "invalid-value")


async def test_without_a_scope_it_is_where_one_works(asha: httpx.AsyncClient) -> None:
    made = await make(asha)
    assert [one["id"] for one in (await asha.get(PATH)).json()["items"]] == [made["id"]]


async def test_a_batch_is_made_all_or_none_and_its_bad_item_named(
    asha: httpx.AsyncClient, records: FakeRecords
) -> None:
    made = await asha.post(f"{PATH}/batch", json={"items": [RUN, {**RUN, "username": "worker_12"}]})
    assert (made.status_code, [one["id"] for one in made.json()["items"]]) == (201, [1, 2])
    for bad, field in (
        ({**RUN, "data": None}, "data"),
        ({**RUN, "username": "stranger"}, "username"),
        ({**RUN, "experiment": "a\u0000b"}, "experiment"),
    ):
        answer = await asha.post(f"{PATH}/batch", json={"items": [RUN, bad, RUN]})
        assert_problem(answer, 422, "invalid-value")
        [fault] = answer.json()["errors"]
        assert (fault["index"], fault["field"]) == (1, field)
    foreign = await asha.post(f"{PATH}/batch", json={"items": [RUN, {**RUN, "opportunity_id": 900}]})
    assert_problem(foreign, 404, "not-found")
    assert foreign.json()["index"] == 1
    assert len(records.records) == 2


async def test_what_has_the_wrong_shape_in_a_batch_is_named_by_its_place_too(asha: httpx.AsyncClient) -> None:
    lacking = {name: value for name, value in RUN.items() if name != "experiment"}
    for bad, field in ((lacking, "items.2.experiment"), ({**RUN, "more": 1}, "items.2.more"), (None, "items.2")):
        for path in (f"{PATH}/batch", f"{PATH}/kinds/fund/batch", "/api/v1/tasks/batch"):
            answer = await asha.post(path, json={"items": [RUN, RUN, bad]})
            faults = assert_problem(answer, 422, "invalid-value")["errors"]
            assert all(fault["index"] == int(fault["field"].split(".")[1]) for fault in faults)
            if path == f"{PATH}/batch":
                assert [(fault["index"], fault["field"]) for fault in faults] == [(2, field)]


async def test_where_one_thing_is_meant_nothing_is_said_of_items(asha: httpx.AsyncClient) -> None:
    made = await make(asha)
    where = f"{PATH}/{made['id']}"
    task = {"title": "Call", "username": "stranger", "opportunity_id": 814}
    for refused in (
        await asha.post(PATH, json={**RUN, "username": "stranger"}),
        await asha.patch(where, json={"username": "stranger"}),
        await asha.post(PATH, json={**RUN, "data": None}),
        await asha.post(f"{PATH}/kinds/fund", json={"data": {}, "opportunity_id": 814}),
        await asha.post("/api/v1/tasks", json=task),
    ):
        told = assert_problem(refused, 422, "invalid-value")
        assert "item" not in told["detail"]
        assert "index" not in {*told, *told["errors"][0]}
    foreign = assert_problem(await asha.post(PATH, json={**RUN, "opportunity_id": 900}), 404, "not-found")
    assert "index" not in foreign
    single = await asha.post(f"{PATH}/batch", json={"items": [{**RUN, "username": "stranger"}]})
    assert assert_problem(single, 422, "invalid-value")["errors"][0]["index"] == 0


@pytest.mark.parametrize("number", ["1.0", "+1", "1_0", "%201", "1e0"])
async def test_an_id_is_digits_alone(asha: httpx.AsyncClient, number: str) -> None:
    for path in (f"{PATH}/{number}", f"/api/v1/tasks/{number}", f"{PATH}/1/diff?from={number}"):
        assert "digits" in assert_problem(await asha.get(path.replace("+", "%2B")), 422, "invalid-value")["detail"]


async def test_a_number_that_is_too_long_to_be_read_is_told(asha: httpx.AsyncClient) -> None:
    body = '{"experiment":"x","type":"Y","opportunity_id":814,"data":' + "1" * 5_000 + "}"
    answer = await asha.post(PATH, content=body, headers={"Content-Type": "application/json"})
    assert "4300 digits" in assert_problem(answer, 400, "number-too-long")["detail"]


async def test_a_scope_that_is_taken_away_is_refused_with_the_rule(asha: httpx.AsyncClient) -> None:
    where = f"{PATH}/{(await make(asha))['id']}"
    refused = await asha.patch(where, json={"opportunity_id": None})
    assert "cannot be changed" in assert_problem(refused, 409, "wrong-scope")["detail"]


async def test_a_record_is_not_its_own_parent(asha: httpx.AsyncClient) -> None:
    record_id = (await make(asha))["id"]
    refused = await asha.patch(f"{PATH}/{record_id}", json={"labs_record_id": record_id})
    assert assert_problem(refused, 422, "invalid-value")["errors"][0]["field"] == "labs_record_id"


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize("data", [nested(66), nested(5_000), nested(200_000), "NaN", "1e999", '"\\ud800"', '{"a"}'])
async def test_data_that_cannot_be_kept_are_refused(asha: httpx.AsyncClient, records: FakeRecords, data: str) -> None:
    body = '{"experiment":"x","type":"Y","opportunity_id":814,"data":' + data + "}"
    answer = await asha.post(PATH, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert not records.records


async def test_data_may_be_deep_up_to_the_limit(asha: httpx.AsyncClient) -> None:
    body = '{"experiment":"x","type":"Y","opportunity_id":814,"data":' + nested(65) + "}"
    assert (await asha.post(PATH, content=body, headers={"Content-Type": "application/json"})).status_code == 201


async def test_data_that_are_too_large_are_refused(asha: httpx.AsyncClient, records: FakeRecords) -> None:
    answer = await asha.post(PATH, json={**RUN, "data": "x" * (4 * 1024 * 1024)})
    assert_problem(answer, 422, "invalid-value")
    assert not records.records


async def test_a_request_sent_again_under_its_key_makes_one_record(
    asha: httpx.AsyncClient, records: FakeRecords
) -> None:
    first = await asha.post(PATH, json=RUN, headers={"Idempotency-Key": "k"})
    again = await asha.post(PATH, json=RUN, headers={"Idempotency-Key": "k"})
    assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
    assert len(records.records) == 1


async def test_a_record_does_not_move_to_another_scope(asha: httpx.AsyncClient) -> None:
    made = await make(asha)
    answer = await asha.patch(f"{PATH}/{made['id']}", json={"program_id": 12})
    assert_problem(answer, 409, "wrong-scope")
    assert (await asha.patch(f"{PATH}/{made['id']}", json={"opportunity_id": 814})).status_code == 200


async def test_answers_from_a_cache_say_how_old_they_are(asha: httpx.AsyncClient, records: FakeRecords) -> None:
    records.as_of = NOW - timedelta(seconds=75)
    fresh = await asha.get(PATH)
    assert (fresh.headers["age"], "warning" in fresh.headers) == ("75", False)
    records.stale_since = NOW - timedelta(seconds=30)
    for url in (PATH, "/api/v1/tasks", "/export/labs_record/", f"{PATH}/kinds/task"):
        stale = await asha.get(url)
        assert (stale.headers["age"], stale.headers["labkeeper-stale-since"]) == ("75", "2026-03-01T11:59:30Z"), url
        assert stale.headers["warning"].startswith("110 ")


async def test_the_history_of_a_record_and_what_differs(asha: httpx.AsyncClient) -> None:
    made = await make(asha)
    where = f"{PATH}/{made['id']}"
    await asha.patch(where, json={"data": {"definition_id": 1, "state": {"a.b": [1]}}})
    await asha.patch(where, json={"public": True})
    history = (await asha.get(f"{where}/history", params={"limit": 2})).json()
    assert [one["version"] for one in history["items"]] == [3, 2]
    assert history["items"][0]["by"] == "asha"
    rest = (await asha.get(f"{where}/history", params={"limit": 2, "cursor": history["next_cursor"]})).json()
    assert ([one["version"] for one in rest["items"]], rest["next_cursor"]) == ([1], None)
    diff = (await asha.get(f"{where}/diff", params={"from": 1})).json()
    assert (diff["from"], diff["to"]) == (1, 3)
    assert [(one["path"], one["kind"]) for one in diff["differences"]] == [
        (["public"], "changed"),
        (["data", "state"], "added"),
    ]
    assert (await asha.get(f"{where}/diff", params={"from": 2, "to": 2})).json()["differences"] == []
    assert_problem(await asha.get(f"{where}/diff", params={"from": 1, "to": 9}), 404, "not-found")
    assert (await asha.get(f"{where}/diff")).status_code == 422


async def test_kinds_are_listed_and_written_by_their_rules(asha: httpx.AsyncClient) -> None:
    kinds = {one["name"]: one for one in (await asha.get(f"{PATH}/kinds")).json()["items"]}
    assert kinds["workflow-run"]["written_at"] == f"{PATH}/kinds/workflow-run"
    assert kinds["task"]["written_at"] == "/api/v1/tasks"
    rules = {name: {field["name"]: field["rule"] for field in kinds[name]["fields"]} for name in kinds}
    assert rules["task"]["status"].startswith("one of investigating, ")
    assert rules["solicitation-review"]["tags"].startswith("a list of texts, or one text")
    path = f"{PATH}/kinds/solicitation"
    made = await asha.post(path, json={"data": {"title": "Wanted", "is_public": True, "x.y": 1}, "program_id": 12})
    assert (made.status_code, made.json()["experiment"], made.json()["public"]) == (201, "12", True)
    where = made.headers["location"]
    assert (await asha.get(where)).headers["etag"] == made.headers["etag"]
    changed = await asha.patch(where, json={"data": {"status": "active"}}, headers={"If-Match": made.headers["etag"]})
    assert changed.json()["data"] == {"title": "Wanted", "is_public": True, "x.y": 1, "status": "active"}
    assert_problem(await asha.patch(where, json={"data": {"status": "gone"}}), 422, "invalid-value")
    old = await make(
        asha, experiment="solicitations", type="solicitation", data={"title": "Old"}, opportunity_id=None, program_id=12
    )
    listed = (await asha.get(path, params={"program_id": 12})).json()["items"]
    assert [one["id"] for one in listed] == [made.json()["id"], old["id"]]
    batch = await asha.post(f"{path}/batch", json={"items": [{"data": {"title": "a"}, "program_id": 12}, {"data": {}}]})
    assert_problem(batch, 422, "invalid-value")
    assert batch.json()["errors"][0]["index"] == 1
    assert_problem(await asha.post(f"{PATH}/kinds/none", json={"data": {}}), 404, "not-found")
    assert_problem(await asha.get(f"{PATH}/kinds/fund/{old['id']}"), 404, "not-found")
    assert_problem(await asha.post(f"{PATH}/kinds/task", json={"data": {"title": "x"}}), 409, "conflict")
    wrong = await asha.post(
        f"{PATH}/kinds/workflow-run", json={"data": {"definition_id": 1}, "experiment": "audit", "opportunity_id": 814}
    )
    assert_problem(wrong, 422, "invalid-value")
