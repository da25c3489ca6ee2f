"""The specimens resource over HTTP."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from api.kernel.authorization import Role
from tests.support.mongo import LocalMongod
from tests.support.served import API, Served, assert_problem, eventually, served

PATH = f"{API}/specimens"
AT = "2026-03-01T08:00:00Z"


@pytest.fixture(scope="module")
def app(shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(shared_mongod, Path(tmp_path_factory.mktemp("specimens"))) as running:
        yield running


@pytest.fixture(scope="module")
def http(app: Served) -> Iterator[httpx.Client]:
    with app.client(Role.MANAGER) as client:
        yield client


def body(specimen_id: str, **fields: Any) -> dict[str, Any]:
    return {"specimen_id": specimen_id, "assay": "CBC", "machine_id": "M1", "operator_id": "O1", **fields}


def test_a_specimen_lives_its_life(http: httpx.Client) -> None:
    answer = http.post(PATH, json=body("SP1", received_at=AT))
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{PATH}/SP1"
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["x-position"].startswith("labops:")
    answer = http.post(f"{PATH}/SP1/start", json={"machine_id": "M2", "started_at": "2026-03-01T08:30:00"})
    assert (answer.status_code, answer.json()["status"]) == (200, "IN_PROCESS"), answer.text
    answer = http.post(f"{PATH}/SP1/complete", json={"processed_at": "2026-03-01T09:00:00+01:00"})
    problem = assert_problem(answer, 422, "invalid-value")
    assert problem["errors"][0]["field"] == "processed_at"
    answer = http.post(f"{PATH}/SP1/complete", json={"processed_at": "2026-03-01T09:00:00Z"})
    assert answer.json() == {
        **body("SP1", machine_id="M2"),
        "status": "COMPLETED",
        "error_code": None,
        "received_at": AT,
        "started_at": "2026-03-01T08:30:00Z",
        "processed_at": "2026-03-01T09:00:00Z",
        "version": 3,
    }
    assert http.get(f"{PATH}/SP1").json() == answer.json()
    assert http.get(f"{PATH}/SP1", headers={"If-None-Match": '"3"'}).status_code == 304
    history = http.get(f"{PATH}/SP1/history").json()["items"]
    assert [fact["status"] for fact in history] == ["RECEIVED", "IN_PROCESS", "COMPLETED"]
    assert (history[0]["actor"], history[0]["import_id"], history[0]["import_line"]) == ("tester", None, None)


@pytest.mark.parametrize("specimen_id", ["26/00123", "26/history", "a b/%2F?#é", "/", "26/00124/start"])
def test_an_id_may_hold_slashes(http: httpx.Client, specimen_id: str) -> None:
    path = f"{PATH}/{quote(specimen_id, safe='')}"
    answer = http.post(PATH, json=body(specimen_id, received_at=AT))
    assert (answer.status_code, answer.headers["location"]) == (201, path), answer.text
    assert http.get(path).json()["specimen_id"] == specimen_id
    assert http.get(path.replace("%2F", "%2f")).json()["specimen_id"] == specimen_id
    assert http.post(f"{path}/start", json={"started_at": AT}).json()["status"] == "IN_PROCESS"
    assert http.post(f"{path}/complete", json={}).json()["specimen_id"] == specimen_id
    assert len(http.get(f"{path}/history").json()["items"]) == 3
    assert_problem(http.get(f"{PATH}/{quote('26/none', safe='')}"), 404, "not-found")
    assert_problem(http.get(f"{PATH}/26/00123"), 404)


def test_what_cannot_be_is_refused(http: httpx.Client) -> None:
    assert http.post(PATH, json=body("SP2", received_at=AT)).status_code == 201
    assert_problem(http.post(PATH, json=body("SP2")), 409, "already-taken")
    assert_problem(http.post(f"{PATH}/SP2/complete", json={}), 409, "conflict")
    assert_problem(http.post(f"{PATH}/SP2/start", json={}, headers={"If-Match": '"7"'}), 412)
    assert_problem(http.post(f"{PATH}/SP2/start", json={"started_at": "soon"}), 422, "invalid-value")
    assert_problem(http.post(f"{PATH}/none/start", json={}), 404)
    assert_problem(http.get(f"{PATH}/none"), 404)
    assert_problem(http.get(f"{PATH}/none/history"), 404)


def test_of_those_who_name_a_version_at_once_one_moves_it_and_the_others_are_told_412(app: Served) -> None:
    def start(_: int) -> httpx.Response:
        with app.client(Role.MANAGER) as client:
            return client.post(f"{PATH}/RACE/start", json={}, headers={"If-Match": '"1"'})

    with app.client(Role.MANAGER) as client:
        assert client.post(PATH, json=body("RACE", received_at=AT)).status_code == 201
    with ThreadPoolExecutor(8) as racers:
        answers = list(racers.map(start, range(8)))
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 7]
    refused = next(answer for answer in answers if answer.status_code == 412)
    assert_problem(refused, 412, "precondition-failed")


def test_what_may_say_nothing_may_be_left_out(http: httpx.Client) -> None:
    assert http.post(PATH, json=body("BARE", received_at=AT)).status_code == 201
    assert http.post(f"{PATH}/BARE/start").json()["status"] == "IN_PROCESS"
    assert http.post(f"{PATH}/BARE/complete").json()["status"] == "COMPLETED"
    assert http.post(PATH, json=body("BARE2", received_at=AT)).status_code == 201
    assert http.post(f"{PATH}/BARE2/start").status_code == 200
    assert http.post(f"{PATH}/BARE2/fail").json()["status"] == "ERROR"
    assert_problem(http.post(PATH), 422)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ('{"specimen_id": "a\\u0000"}', "specimen_id"),
        ('{"items": [{}, {"assay": "\\ud800"}]}', "items.1.assay"),
        ('{"\\u0000\\ud800": 1}', "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_text_that_cannot_be_stored_is_told_with_its_place(http: httpx.Client, wrong: str, field: str) -> None:
    path = f"{PATH}/bulk" if "items" in wrong else PATH
    problem = assert_problem(http.post(path, content=wrong, headers={"Content-Type": "application/json"}), 422)
    [fault] = problem["errors"]
    assert (fault["field"], fault["rule"]) == (field, "must not contain NUL characters or lone surrogates")


def test_a_refusal_says_how_much_more_is_wrong(http: httpx.Client) -> None:
    problem = assert_problem(http.post(f"{PATH}/bulk", json={"items": [{}] * 20}), 422)
    assert (len(problem["errors"]), problem["detail"].endswith("; and 97 more")) == (50, True)


def test_a_plus_that_came_as_a_blank_is_explained(http: httpx.Client) -> None:
    unescaped = http.get(f"{PATH}?from=2026-10-25T02:00:00.5xx+01:00")
    for answer in (
        unescaped,
        http.get(f"{API}/metrics/tat?to=2026-10-25T02:00:00++01:00"),
        http.get(f"{API}/overview?from=2026-10-25T02:00:00+01:00"),
    ):
        assert "in an address + is written %2B" in assert_problem(answer, 422)["detail"]


def test_head_is_answered_as_get_without_the_content(http: httpx.Client) -> None:
    http.post(PATH, json=body("HEADED", received_at=AT))
    for path in (f"{PATH}/HEADED", f"{API}/sla-limits", "/", f"{API}/openapi.json"):
        asked, head = http.get(path), http.head(path)
        assert (head.status_code, head.content) == (asked.status_code, b""), path
        assert head.headers.get("etag") == asked.headers.get("etag")
        assert head.headers["content-length"] == asked.headers["content-length"]
    assert http.head(f"{PATH}/none").status_code == 404
    stream = http.head(f"{API}/overview/stream")
    assert (stream.status_code, stream.headers["content-type"].partition(";")[0]) == (200, "text/event-stream")
    assert http.head(f"{PATH}/bulk/none/none").status_code == 404
    refused = http.delete(f"{API}/sla-limits")
    assert (refused.status_code, "HEAD" in refused.headers["allow"]) == (405, "GET" in refused.headers["allow"])
    with httpx.Client() as nobody:
        assert nobody.head(f"{http.base_url}{API}/sla-limits").status_code == 401


def test_many_readings_at_once(http: httpx.Client) -> None:
    first = body("SPB1", received_at=AT)
    done = {**first, "status": "COMPLETED", "processed_at": "2026-03-01T10:00:00Z"}
    items = [first, {**first, "specimen_id": "SPB2"}, done, first]
    answer = http.post(f"{PATH}/bulk", json={"items": items})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["applied"], answer.json()["unchanged"]) == (3, 1)
    assert [one["version"] for one in answer.json()["items"]] == [2, 1, 2, 2]
    again = http.post(f"{PATH}/bulk", json={"items": items}).json()
    assert (again["applied"], again["unchanged"]) == (0, 4)


@pytest.mark.parametrize(
    ("bad", "status", "field"),
    [
        ({"received_at": "2026-03-02T00:00:00Z"}, 409, "received_at"),
        ({"processed_at": AT}, 422, "processed_at"),
        ({"received_at": "then"}, 422, "received_at"),
        ({"assay": "x" * 30}, 422, "items.1.assay"),
    ],
)
def test_one_bad_reading_is_named_and_nothing_is_stored(
    http: httpx.Client, bad: dict[str, Any], status: int, field: str
) -> None:
    good = body("SPC1", received_at=AT)
    items = [good, {**good, **bad}]
    problem = assert_problem(http.post(f"{PATH}/bulk", json={"items": items}), status)
    [fault] = problem["errors"]
    assert (fault["index"], fault["field"]) == (1, field)
    assert_problem(http.get(f"{PATH}/SPC1"), 404)


def test_the_list_filters_and_pages(http: httpx.Client) -> None:
    days = [f"2026-04-{day:02d}T08:00:00Z" for day in range(1, 6)]
    items = [body(f"SPL{n}", received_at=at, machine_id="ML") for n, at in enumerate(days)]
    assert http.post(f"{PATH}/bulk", json={"items": items}).status_code == 200

    def listed(**query: Any) -> list[str]:
        found: list[str] = []
        while True:
            page = http.get(PATH, params={"machine_id": "ML", "limit": 2, **query}).json()
            found += [one["specimen_id"] for one in page["items"]]
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]

    eventually(lambda: len(listed()) == 5, "the table shows them")
    assert listed() == [f"SPL{n}" for n in (4, 3, 2, 1, 0)]
    assert listed(**{"from": days[1], "to": days[3]}) == ["SPL2", "SPL1"]
    assert listed(status="COMPLETED") == []
    refused = http.get(PATH, params={"cursor": "x"})
    assert_problem(refused, 422)
    assert "labkeeper-lag" not in refused.headers  # a refusal says nothing of specimens
    assert_problem(http.get(PATH, params={"from": "x"}), 422)


def test_the_list_finds_what_an_id_begins_with(http: httpx.Client) -> None:
    ids = ["26/A_1", "26/A_10", "26/a_1", "26/B_1", "26/A%2", "x26/A_1"]
    items = [body(one, received_at=AT, machine_id="MB") for one in ids]
    taken = http.post(f"{PATH}/bulk", json={"items": items})

    def found(prefix: str, **query: Any) -> list[str]:
        answer = http.get(
            PATH,
            params={"specimen_id_prefix": prefix, "machine_id": "MB", **query},
            headers={"X-Position": taken.headers["X-Position"]},
        )
        assert answer.status_code == 200, answer.text
        return [one["specimen_id"] for one in answer.json()["items"]]

    assert found("26/A_1") == ["26/A_1", "26/A_10"]
    assert found("26/A") == ["26/A%2", "26/A_1", "26/A_10"]
    assert found("26/A_10") == ["26/A_10"]
    assert found("26/A%") == ["26/A%2"]  # what is a pattern elsewhere is a letter here
    assert found("%") == found("' OR 1=1 --") == []
    page = http.get(PATH, params={"specimen_id_prefix": "26/", "machine_id": "MB", "limit": 2}).json()
    assert found("26/", limit=2, cursor=page["next_cursor"]) == ["26/A_10", "26/B_1"]
    other = {"specimen_id_prefix": "26", "machine_id": "MB", "cursor": page["next_cursor"]}
    assert_problem(http.get(PATH, params=other), 422)
    for wrong in ("", "x" * 51, "SP\x00"):
        [fault] = assert_problem(http.get(PATH, params={"specimen_id_prefix": wrong}), 422)["errors"]
        assert "specimen_id_prefix" in fault["field"]


def test_the_list_tells_which_are_past_their_limit(http: httpx.Client) -> None:
    limits = {"default_hours": 4, "by_assay": {"LateSlow": 48}}
    assert http.put(f"{API}/sla-limits", json=limits).status_code == 200
    now = datetime.now(UTC).replace(microsecond=0)

    def reading(specimen_id: str, hours: float, took: float | None = None, **fields: Any) -> dict[str, Any]:
        at = now - timedelta(hours=hours)
        done = {} if took is None else {"processed_at": (at + timedelta(hours=took)).isoformat(), "status": "COMPLETED"}
        return body(specimen_id, assay="LateFast", received_at=at.isoformat(), machine_id="MLATE", **done) | fields

    items = [
        reading("L-open", 5),
        reading("L-in-time", 3.9),
        reading("L-slow-assay", 6, assay="LateSlow"),
        reading("L-slow-late", 49, assay="LateSlow", status="IN_PROCESS"),
        reading("L-done-late", 20, 4.001),
        reading("L-done-at-the-limit", 21, 4),
        reading("L-failed", 30, status="ERROR", error_code="E01"),
    ]
    taken = http.post(f"{PATH}/bulk", json={"items": items})
    assert taken.status_code == 200, taken.text

    def late(**query: Any) -> dict[str, Any]:
        params = {"past_limit": True, "machine_id": "MLATE", **query}
        answer = http.get(PATH, params=params, headers={"X-Position": taken.headers["X-Position"]})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    assert [one["specimen_id"] for one in late()["items"]] == ["L-open", "L-done-late", "L-slow-late"]
    assert [one["specimen_id"] for one in late(status="COMPLETED")["items"]] == ["L-done-late"]
    assert [one["specimen_id"] for one in late(assay="LateSlow")["items"]] == ["L-slow-late"]
    first = late(limit=2)
    assert [one["specimen_id"] for one in late(limit=2, cursor=first["next_cursor"])["items"]] == ["L-slow-late"]
    all_of_them = {"machine_id": "MLATE", "cursor": first["next_cursor"]}
    assert_problem(http.get(PATH, params=all_of_them), 422)
    http.put(f"{API}/sla-limits", json={"default_hours": 4, "by_assay": {"LateSlow": 1}})
    assert "L-slow-assay" in [one["specimen_id"] for one in late()["items"]]
    [fault] = assert_problem(http.get(PATH, params={"past_limit": "perhaps"}), 422)["errors"]
    assert "past_limit" in fault["field"]


def test_the_list_waits_for_what_was_just_written(http: httpx.Client) -> None:
    for number in range(10):
        specimen_id = f"SEEN{number}"
        taken = http.post(PATH, json=body(specimen_id, assay="Seen"))

        listed = http.get(PATH, params={"assay": "Seen"}, headers={"X-Position": taken.headers["X-Position"]})

        assert specimen_id in [item["specimen_id"] for item in listed.json()["items"]]
        assert listed.headers["Labkeeper-Lag"] == "0"


def test_who_may_what(app: Served, http: httpx.Client) -> None:
    with app.client(Role.USER) as user:
        assert_problem(user.post(PATH, json=body("SPX")), 403)
        assert user.get(PATH).status_code == 200
