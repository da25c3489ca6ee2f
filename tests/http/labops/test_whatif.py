"""What-if over HTTP: the kit's formula, and simulations from the question to the result."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx
import pytest

from api.kernel.authorization import Role
from tests.http.labops.test_metrics import put, reading
from tests.support.mongo import LocalMongod
from tests.support.served import API, MovableClock, Served, assert_problem, served

WHAT_IF = f"{API}/what-if"
SIMULATIONS = f"{WHAT_IF}/simulations"
NOW = datetime(2026, 2, 3, 20, tzinfo=UTC)


class NoonClock(MovableClock):
    """The evening of the day on which the specimens came, however long the test takes."""

    def now(self) -> datetime:
        return NOW + self.ahead


@pytest.fixture(scope="module")
def empty_app(shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(shared_mongod, tmp_path_factory.mktemp("data"), clock=NoonClock()) as running:
        yield running


@pytest.fixture(scope="module")
def readings() -> list[dict[str, Any]]:
    """Three machines, ten specimens an hour since yesterday morning."""
    random = Random(1)
    begin = NOW - timedelta(hours=36)
    found = []
    for number in range(340):
        received = begin + timedelta(minutes=6 * number)
        started = received + timedelta(minutes=random.uniform(0, 1))
        done = started + timedelta(minutes=random.uniform(4, 20))
        known = {"received": received, "assay": random.choice(["CBC", "PCR"]), "machine_id": f"M{number % 3 + 1}"}
        failed = number % 20 == 0
        fields = {"status": "ERROR", "error_code": "E01"} if failed else {"status": "COMPLETED"}
        found.append(
            reading(f"SP{number:06}", **known, **fields, started_at=started.isoformat(), processed_at=done.isoformat())
        )
    return found


@pytest.fixture(scope="module")
def app(empty_app: Served, readings: list[dict[str, Any]]) -> Served:
    """The application with specimens; tests of the empty one come first."""
    with empty_app.client() as http:
        put(empty_app, http, readings)
    return empty_app


@pytest.fixture
def empty(empty_app: Served) -> Iterator[httpx.Client]:
    with empty_app.client(Role.USER) as client:
        yield client


@pytest.fixture
def http(app: Served) -> Iterator[httpx.Client]:
    with app.client(Role.USER) as client:
        yield client


def progress(http: httpx.Client, run: dict[str, Any]) -> list[dict[str, Any]]:
    """Follow a simulation to its end."""
    with http.stream("GET", f"{SIMULATIONS}/{run['id']}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        return [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]


def simulate(http: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = http.post(SIMULATIONS, json={"replications": 3, "horizon": "P2D", "seed": 4, **body})
    assert answer.status_code == 202, answer.text
    run: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"{SIMULATIONS}/{run['id']}"
    return run


def completed(http: httpx.Client, **body: Any) -> dict[str, Any]:
    run = simulate(http, **body)
    assert progress(http, run)[-1]["state"] == "completed"
    found: dict[str, Any] = http.get(f"{SIMULATIONS}/{run['id']}").json()
    return found


def test_without_specimens_the_formula_has_zeros(empty: httpx.Client) -> None:
    answer = empty.post(f"{WHAT_IF}/linear", json={"extra_machines": 2, "reduced_failure_rate": 20})
    assert (answer.status_code, set(answer.json().values())) == (200, {2, 20.0, 0})


def test_without_specimens_there_is_nothing_to_simulate(empty: httpx.Client) -> None:
    assert "no specimens" in assert_problem(empty.post(SIMULATIONS, json={}), 409)["detail"]
    assert empty.get(SIMULATIONS).json() == {"items": [], "next_cursor": None}


def test_the_formula_starts_from_what_the_metrics_say(http: httpx.Client) -> None:
    tat = http.get(f"{API}/metrics/tat").json()
    today = http.get(f"{API}/metrics/throughput").json()["today"]
    answer = http.post(f"{WHAT_IF}/linear", json={"extra_machines": 3, "reduced_failure_rate": 50}).json()
    assert (answer["current_tat_p90"], answer["current_throughput"]) == (tat["p90"], today)
    assert today > 0
    assert answer["machines"] == 3
    assert answer["projected_tat_p90"] == pytest.approx(tat["p90"] / 2)
    assert answer["projected_throughput"] == pytest.approx(today * 2)
    assert (answer["improvement_tat"], answer["improvement_throughput"]) == (pytest.approx(50.0), pytest.approx(100.0))


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("extra_machines", {"extra_machines": -1}),
        ("extra_machines", {"extra_machines": 1.5}),
        ("extra_machines", {"extra_machines": "1"}),
        ("reduced_failure_rate", {"reduced_failure_rate": 101}),
        ("reduced_failure_rate", {"reduced_failure_rate": None}),
        ("machines", {"machines": 3}),
    ],
)
def test_the_formula_takes_its_body_at_its_word(http: httpx.Client, field: str, body: dict[str, Any]) -> None:
    problem = assert_problem(http.post(f"{WHAT_IF}/linear", json=body), 422)
    assert field in problem["errors"][0]["field"]


def test_a_simulation_tells_what_it_learnt_how_far_it_is_and_what_came_out(http: httpx.Client) -> None:
    run = simulate(http, extra_machines=1, arrival_growth=0.2, failure_rate_factor=0.5)
    assert (run["state"], run["replications"], run["seed"], run["horizon"]) == ("queued", 3, 4, "P2D")
    assert run["begins"] == "2026-02-03T18:00:00Z", "the last specimen came at 17:54"
    events = progress(http, run)
    assert (events[-1]["state"], events[-1]["progress"]) == ("completed", 1.0)
    assert [event["replications_done"] for event in events] == sorted(event["replications_done"] for event in events)
    done = http.get(f"{SIMULATIONS}/{run['id']}").json()
    observed, result = done["observed"], done["result"]
    assert (observed["service_times"], observed["measured_share"], observed["specimens"]) == ("measured", 1.0, 340)
    assert [machine["machine_id"] for machine in observed["machines"]] == ["M1", "M2", "M3"]
    assert observed["arrivals_per_hour"] == pytest.approx(10, rel=0.05)
    assert set(result["scenario"]["utilisation"]) == {"M1", "M2", "M3", "extra-1"}
    for side in ("baseline", "scenario"):
        for name in ("tat_p50", "tat_p90", "tat_p99", "throughput", "utilisation_mean"):
            figure = result[side][name]
            assert figure["low"] <= figure["mean"] <= figure["high"], name
            assert figure["mean"] > 0, name
    assert result["baseline"]["tat_p50"]["mean"] == pytest.approx(observed["tat_p50"], rel=0.2)
    assert result["scenario"]["throughput"]["mean"] > result["baseline"]["throughput"]["mean"]
    assert result["scenario"]["error_rate"]["mean"] < result["baseline"]["error_rate"]["mean"]
    assert result["difference"]["throughput"]["mean"] == pytest.approx(
        result["scenario"]["throughput"]["mean"] - result["baseline"]["throughput"]["mean"]
    )


def test_without_a_horizon_it_is_seven_days_or_what_may_be_simulated(http: httpx.Client) -> None:
    found = []
    for body in ({}, {"replications": 200, "arrival_growth": 9}):
        answer = http.post(SIMULATIONS, json={"extra_machines": 1, **body})
        assert answer.status_code == 202, answer.text
        found.append(answer.json())
        assert http.delete(f"{SIMULATIONS}/{found[-1]['id']}").status_code == 200
    assert [run["horizon"] for run in found] == ["P7D", "P7D"]


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(http: httpx.Client) -> None:
    first, again, other = (completed(http, seed=seed, extra_machines=1) for seed in (9, 9, 10))
    assert first["result"] == again["result"]
    assert first["result"] != other["result"]


def test_a_seed_that_is_made_up_is_told(http: httpx.Client) -> None:
    run = simulate(http, seed=None, replications=1)
    assert completed(http, seed=run["seed"], replications=1)["result"]["baseline"]["tat_p50"]["low"] is None


@pytest.mark.parametrize(
    ("policy", "kind"),
    [
        ("priority", "priority"),
        ({"kind": "priority", "assays": ["PCR"]}, "priority"),
        ({"kind": "batch", "size": 4}, "batch"),
    ],
)
def test_each_policy_is_simulated(http: httpx.Client, policy: Any, kind: str) -> None:
    done = completed(http, policy=policy)
    assert done["policy"]["kind"] == kind
    assert done["result"]["scenario"]["throughput"]["mean"] > 0


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("horizon", {"horizon": "7 days"}),
        ("horizon", {"horizon": "PT5M"}),
        ("horizon", {"horizon": "P2Y"}),
        ("horizon", {"horizon": 7}),
        ("horizon", {"horizon": "P366D", "arrival_growth": 9}),
        ("replications", {"replications": 0}),
        ("replications", {"replications": 200, "horizon": "P300D"}),
        ("arrival_growth", {"arrival_growth": -1}),
        ("failure_rate_factor", {"failure_rate_factor": -0.1}),
        ("seed", {"seed": -1}),
        ("seed", {"seed": 1.5}),
        ("horizon", {"horizon": "P999999999W"}),
        ("policy", {"policy": "random"}),
        ("policy", {"policy": {"kind": "priority", "assays": ["CBC", "CBC"]}}),
        ("policy", {"policy": {"kind": "fifo", "size": 4}}),
        ("policy.size", {"policy": {"kind": "batch", "size": 0}}),
        ("policy.assays", {"policy": {"kind": "priority", "assays": ["XYZ"]}}),
        ("until", {"until": 1}),
    ],
)
def test_what_cannot_be_simulated_is_422_with_field_and_rule(
    http: httpx.Client, field: str, body: dict[str, Any]
) -> None:
    problem = assert_problem(http.post(SIMULATIONS, json=body), 422)
    assert problem["errors"][0]["field"].startswith(field), problem
    assert problem["errors"][0]["field"] != "policy.kind", "a body that says a name alone has no such field"
    rule = problem["errors"][0]["rule"]
    assert rule
    assert "timedelta" not in rule
    assert not rule.startswith("Value error")


def test_cancelling_ends_it_and_its_stream_and_is_no_error_twice(http: httpx.Client) -> None:
    run = simulate(http, replications=200, horizon="P30D")
    answer = http.delete(f"{SIMULATIONS}/{run['id']}")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert http.delete(f"{SIMULATIONS}/{run['id']}").status_code == 200
    assert progress(http, run)[-1]["state"] == "cancelled"
    assert http.get(f"{SIMULATIONS}/{run['id']}").json()["result"] is None


def test_what_has_ended_cannot_be_cancelled(http: httpx.Client) -> None:
    done = completed(http)
    assert "completed" in assert_problem(http.delete(f"{SIMULATIONS}/{done['id']}"), 409)["detail"]


def test_more_than_ten_at_once_are_refused(http: httpx.Client) -> None:
    queued = [simulate(http, replications=200, horizon="P30D") for _ in range(10)]
    refused = http.post(SIMULATIONS, json={})
    assert_problem(refused, 429)
    assert int(refused.headers["Retry-After"]) > 0
    for run in queued:
        assert http.delete(f"{SIMULATIONS}/{run['id']}").status_code == 200


def test_the_list_goes_page_by_page_from_new_to_old(http: httpx.Client) -> None:
    last = completed(http)
    page = http.get(SIMULATIONS, params={"limit": 2}).json()
    assert page["items"][0]["id"] == last["id"]
    assert "result" not in page["items"][0]
    following = http.get(SIMULATIONS, params={"limit": 2, "cursor": page["next_cursor"]}).json()
    ids = [item["id"] for item in (*page["items"], *following["items"])]
    assert ids == sorted(ids, reverse=True)


@pytest.mark.parametrize("suffix", ["", "/events"])
def test_what_is_not_there_is_404(http: httpx.Client, suffix: str) -> None:
    assert_problem(http.get(f"{SIMULATIONS}/none{suffix}"), 404)


def test_who_is_nobody_asks_nothing(app: Served) -> None:
    with app.client_with(None) as nobody:
        assert nobody.post(f"{WHAT_IF}/linear", json={}).status_code == 401
        assert nobody.post(SIMULATIONS, json={}).status_code == 401
