"""Metrics and limits of turn-around over HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.kernel.authorization import Role
from application.labops.specimen_table import SpecimenTable
from tests.support.mongo import LocalMongod
from tests.support.served import API, MovableClock, Served, served

START = datetime(2026, 2, 3, 8, tzinfo=UTC)
METRICS = f"{API}/metrics"
LIMITS = f"{API}/sla-limits"


def reading(specimen_id: str, **fields: Any) -> dict[str, Any]:
    minutes = fields.pop("minutes", None)
    received = fields.pop("received", START)
    known = {"assay": "CBC", "machine_id": "M1", "operator_id": "O1", "status": "COMPLETED"} | fields
    if minutes is not None:
        known["processed_at"] = (received + timedelta(minutes=minutes)).isoformat()
    return {"specimen_id": specimen_id, "received_at": received.isoformat(), **known}


READINGS = [
    *(reading(f"SP{number:06}", minutes=30 * number) for number in range(1, 11)),
    reading("UR000001", assay="PCR", machine_id="M2", minutes=300, received=START + timedelta(hours=3)),
    reading("BL000001", assay="PCR", machine_id="M2", status="ERROR", error_code="E03"),
    reading("BL000002", assay="PCR", machine_id="M2", status="ERROR"),
    reading("CS000001", status="RECEIVED", machine_id="M3"),
]


@pytest.fixture(scope="module")
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture(scope="module")
def app(shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory, clock: MovableClock) -> Iterator[Served]:
    with served(shared_mongod, tmp_path_factory.mktemp("data"), clock=clock) as running:
        with running.client() as http:
            put(running, http, READINGS)
        yield running


def put(app: Served, http: httpx.Client, readings: list[dict[str, Any]]) -> None:
    answer = http.post(f"{API}/specimens/bulk", json={"items": readings})
    assert answer.status_code == 200, answer.text
    position = int(answer.headers["X-Position"].removeprefix("labops:"))
    assert app.run(app.service(SpecimenTable).wait_for_async(position, 30))


@pytest.fixture
def http(app: Served) -> Iterator[httpx.Client]:
    with app.client(Role.MANAGER) as client:
        yield client


def test_turn_around_is_answered_of_all_and_by_assay(http: httpx.Client) -> None:
    answer = http.get(f"{METRICS}/tat", params={"to": "2026-02-04T00:00:00Z"}).json()

    assert (answer["p50"], answer["total_specimens"], answer["assay"]) == (180.0, 11, None)
    assert [(group["assay"], group["total_specimens"]) for group in answer["by_assay"]] == [("CBC", 10), ("PCR", 1)]
    assert answer["dropped"] == {"negative": 0, "missing": 0}


def test_an_assay_that_nothing_came_in_of_has_zeros(http: httpx.Client) -> None:
    answer = http.get(f"{METRICS}/tat", params={"assay": "unknown"})

    assert answer.status_code == 200
    assert answer.json() == {
        "p50": 0.0,
        "p90": 0.0,
        "p99": 0.0,
        "assay": "unknown",
        "total_specimens": 0,
        "by_assay": [],
        "dropped": {"negative": 0, "missing": 0},
    }


@pytest.mark.parametrize(
    "path",
    ["tat", "throughput", "errors", "sla", "wip", "reception"]
    + [f"{name}/series" for name in ("tat", "throughput", "errors", "sla", "wip")],
)
def test_an_empty_window_is_answered(http: httpx.Client, path: str) -> None:
    answer = http.get(f"{METRICS}/{path}", params={"from": "2001-01-01T00:00:00Z", "to": "2001-01-02T00:00:00Z"})

    assert answer.status_code == 200, answer.text


def test_throughput_has_a_bucket_for_each_hour_with_a_result(http: httpx.Client) -> None:
    params = {"to": "2026-02-03T11:00:00Z"}
    some = http.get(f"{METRICS}/throughput", params=params).json()
    assert some["grain"] == "hour"
    assert some["data"] == [
        {"timestamp": "2026-02-03T08:00:00Z", "count": 1},
        {"timestamp": "2026-02-03T09:00:00Z", "count": 2},
        {"timestamp": "2026-02-03T10:00:00Z", "count": 2},
    ]
    every = http.get(f"{METRICS}/throughput", params={**params, "from": "2026-02-03T06:00Z", "include_empty": "true"})
    assert [point["count"] for point in every.json()["data"]] == [0, 0, 1, 2, 2]


def test_an_unknown_grain_is_refused(http: httpx.Client) -> None:
    for path in ("throughput", "tat/series", "throughput/series", "errors/series", "sla/series", "wip/series"):
        answer = http.get(f"{METRICS}/{path}", params={"grain": "week"})
        assert answer.status_code == 422, path
        assert answer.json()["errors"][0]["field"] == "grain"


@pytest.mark.parametrize(
    ("name", "value"), [("from", "yesterday"), ("to", "2026-02-30T00:00:00Z"), ("assay", ""), ("machine", "M1")]
)
def test_a_filter_that_makes_no_sense_is_refused(http: httpx.Client, name: str, value: str) -> None:
    answer = http.get(f"{METRICS}/tat", params={name: value})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == name


def test_more_buckets_than_anybody_reads_are_refused(http: httpx.Client) -> None:
    params = {"from": "1000-01-01T00:00:00Z", "to": "2900-01-01T00:00:00Z", "include_empty": "true"}
    answer = http.get(f"{METRICS}/throughput", params=params)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "grain"


def test_errors_carry_both_rates(http: httpx.Client) -> None:
    answer = http.get(f"{METRICS}/errors", params={"to": "2026-02-04T00:00:00Z"}).json()

    total = answer["total_specimens"]
    assert answer["total_errors"] == 2
    assert answer["overall_error_rate"] == 2 / total
    assert answer["by_machine"] == [
        {"category": "machine_id", "value": "M2", "count": 2, "rate": 2 / total, "rate_within": 2 / 3, "specimens": 3}
    ]
    assert [group["value"] for group in answer["by_error_code"]] == ["E03"]
    assert answer["by_machine_and_code"] == [
        {"machine_id": "M2", "error_code": "E03", "count": 1},
        {"machine_id": "M2", "error_code": None, "count": 1},
    ]


def test_what_is_late_and_has_no_result_is_shown(http: httpx.Client) -> None:
    answer = http.get(f"{METRICS}/sla", params={"to": "2026-02-04T00:00:00Z"}).json()

    assert answer["total_completed"] == 11
    assert answer["open_breach_count"] == 1
    assert answer["open_breaches"][0]["specimen_id"] == "CS000001"
    assert answer["open_breaches"][0]["due_at"] == "2026-02-03T12:00:00Z"


def test_work_in_progress_is_shown_over_time(http: httpx.Client) -> None:
    window = {"from": "2026-02-03T12:00:00Z", "to": "2026-02-03T14:00:00Z"}
    answer = http.get(f"{METRICS}/wip/series", params=window).json()

    # Received at 8, done after 30, 60 ... 300 minutes, one waits still, and one received at 11 takes until 16.
    assert answer == {
        "grain": "hour",
        "data": [
            {"timestamp": "2026-02-03T12:00:00Z", "received": 3, "in_process": 0, "total_open": 3},
            {"timestamp": "2026-02-03T13:00:00Z", "received": 2, "in_process": 0, "total_open": 2},
        ],
        "dropped": {"negative": 0, "missing": 2},
    }


def test_exactly_the_limit_is_no_breach_and_limits_are_by_assay(app: Served, http: httpx.Client) -> None:
    window = {"to": "2026-02-04T00:00:00Z"}
    known = http.get(LIMITS)
    assert known.status_code == 200
    tag = known.headers["ETag"]

    changed = http.put(LIMITS, json={"default_hours": 4, "by_assay": {"PCR": 5, "Never": 1}}, headers={"If-Match": tag})
    assert changed.status_code == 200, changed.text
    assert changed.json() == {"default_hours": 4.0, "by_assay": {"Never": 1.0, "PCR": 5.0}}
    # CBC: 30, 60 ... 300 minutes against 240, PCR: 300 minutes against 300.
    sla = http.get(f"{METRICS}/sla", params=window).json()
    assert {group["value"]: group["breach_count"] for group in sla["by_assay"]} == {"CBC": 2, "PCR": 0}
    assert [breach["turnaround_time_minutes"] for breach in sla["sample_breaches"]] == [270.0, 300.0]

    stale = http.put(LIMITS, json={"default_hours": 1}, headers={"If-Match": tag})
    assert stale.status_code == 412
    assert http.get(LIMITS, headers={"If-None-Match": changed.headers["ETag"]}).status_code == 304

    again = http.put(LIMITS, json={"default_hours": 4})
    assert again.status_code == 200
    sla = http.get(f"{METRICS}/sla", params=window).json()
    assert {group["value"]: group["breach_count"] for group in sla["by_assay"]} == {"CBC": 2, "PCR": 1}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"default_hours": 0}, "default_hours"),
        ({"default_hours": -1}, "default_hours"),
        ({"default_hours": 1e300}, "default_hours"),
        ({"default_hours": "four"}, "default_hours"),
        ({}, "default_hours"),
        ({"default_hours": 4, "by_assay": {"PCR": 0}}, "by_assay.PCR"),
        ({"default_hours": 4, "by_assay": {" ": 1}}, "by_assay"),
        ({"default_hours": 4, "by_assay": {"PCR": 1, "PCR ": 2}}, "by_assay"),
        ({"default_hours": 4, "by_assay": {"": 1}}, "by_assay"),
        ({"default_hours": 4, "by_assay": {"x" * 30: 1}}, "by_assay"),
        ({"default_hours": 4, "by_assay": {"a\x00": 1}}, "by_assay.a\N{REPLACEMENT CHARACTER}"),
        ({"default_hours": 4, "hours": 3}, "hours"),
    ],
)
def test_limits_that_cannot_be_kept_are_refused(http: httpx.Client, body: dict[str, Any], field: str) -> None:
    answer = http.put(LIMITS, json=body)

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field


def test_only_managers_change_limits(app: Served) -> None:
    with app.client(Role.USER) as user:
        assert user.get(LIMITS).status_code == 200
        assert user.put(LIMITS, json={"default_hours": 1}).status_code == 403


def test_what_has_not_changed_is_not_sent_again(app: Served, http: httpx.Client) -> None:
    # A window that no other test puts anything into, but for what this one does.
    window = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"}
    first = http.get(f"{METRICS}/tat", params=window)
    tag = first.headers["ETag"]
    assert http.get(f"{METRICS}/tat", params=window, headers={"If-None-Match": tag}).status_code == 304
    again = http.get(f"{METRICS}/tat", params=window)
    assert (again.content, again.headers["ETag"]) == (first.content, tag)
    assert again.headers["Labkeeper-Lag"] == "0"

    put(app, http, [reading("SP900000", received=datetime(2026, 1, 1, 3, tzinfo=UTC), minutes=7)])

    moved = http.get(f"{METRICS}/tat", params=window, headers={"If-None-Match": tag})
    assert moved.status_code == 200
    assert moved.json()["p50"] == 7.0
    assert moved.headers["ETag"] != tag
    # Asked as before: the answer of before must not come back because another question computed the new one.
    plainly = http.get(f"{METRICS}/tat", params=window)
    assert (plainly.content, plainly.headers["ETag"]) == (moved.content, moved.headers["ETag"])


def test_every_view_of_promises_follows_the_limits(http: httpx.Client) -> None:
    window = {"to": "2026-02-04T00:00:00Z"}
    views = [("/sla", window), ("/sla", {**window, "assay": "PCR"}), ("/sla/series", {**window, "grain": "day"})]

    def counted() -> list[int]:
        answers = [http.get(f"{METRICS}{path}", params=asked).json() for path, asked in views]
        return [*(one["breach_count"] for one in answers[:2]), sum(one["breach_count"] for one in answers[2]["data"])]

    for hours, expected in ((4, [3, 1, 3]), (0.75, [10, 1, 10]), (4, [3, 1, 3])):
        assert http.put(LIMITS, json={"default_hours": hours}).status_code == 200
        assert counted() == expected


def test_a_specimen_becomes_late_although_nothing_happens(app: Served, http: httpx.Client, clock: MovableClock) -> None:
    with clock.standing():
        received = clock.now() - timedelta(hours=3, minutes=59)
        put(app, http, [reading("UR900000", assay="Late", status="IN_PROCESS", received=received)])
        before = http.get(f"{METRICS}/sla", params={"assay": "Late"})
        assert before.json()["open_breach_count"] == 0
        assert http.get(f"{METRICS}/sla", params={"assay": "Late"}).headers["ETag"] == before.headers["ETag"]
        clock.advance(120)
        try:
            after = http.get(
                f"{METRICS}/sla", params={"assay": "Late"}, headers={"If-None-Match": before.headers["ETag"]}
            )
            assert after.status_code == 200
            assert after.json()["open_breach_count"] == 1
        finally:
            clock.advance(-120)


def test_metrics_are_listed_with_their_paths(http: httpx.Client) -> None:
    listed = {entry["name"]: entry for entry in http.get(METRICS).json()}

    assert listed["tat"]["source"] == "built-in"
    for entry in listed.values():
        assert entry["error"] is None
        assert http.get(entry["path"]).status_code == 200, entry


def test_a_metric_that_nobody_brought_is_not_there(http: httpx.Client) -> None:
    assert http.get(f"{METRICS}/custom/nothing").status_code == 404
