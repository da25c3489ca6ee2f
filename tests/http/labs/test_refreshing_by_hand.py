"""Forced refreshes: what they answer, when they are refused, and what a failing controller becomes."""

import threading
from typing import Any

import httpx
import pytest

from api.kernel.authorization import Role
from tests.support.certificates import self_signed
from tests.support.cml import CmlSimulator, a_lab
from tests.support.mongo import free_port
from tests.support.served import API, Keeper, assert_problem, eventually

ANSWER = {
    *("worker_id", "labs_synced", "labs_created", "labs_updated", "labs_removed", "labs_unchanged", "labs_failed"),
    *("failures", "duration_ms", "timestamp"),
}


def test_a_refresh_answers_what_it_did_and_the_numbers_add_up(keeper: Keeper, cml: CmlSimulator) -> None:
    worker = keeper.register()
    cml.set_labs([a_lab(1), a_lab(2, lab_title="renamed"), a_lab(4)])
    report = worker.refreshed()
    assert report.keys() >= ANSWER
    assert report["worker_id"] == worker.id
    counts = {name: report[f"labs_{name}"] for name in ("created", "updated", "removed", "unchanged", "failed")}
    assert counts == {"created": 1, "updated": 1, "removed": 1, "unchanged": 1, "failed": 0}
    assert report["labs_synced"] == 3
    assert (report["held"], report["labs_held"], report["failures"], report["dry_run"]) == (False, 0, [], False)
    changes = {change["lab_id"]: change for change in report["changes"]}
    assert changes[a_lab(2)["id"]]["changed_fields"] == {"title": {"old": "BGP basics 2", "new": "renamed"}}
    assert {change["change"] for change in changes.values()} == {"created", "updated", "removed"}
    again = worker.refreshed()
    assert (again["labs_unchanged"], again["labs_synced"], again["changes"]) == (3, 3, [])


def test_an_unchanged_refresh_writes_no_event(keeper: Keeper) -> None:
    worker = keeper.register()
    head = keeper.app.log_head()
    worker.refreshed()
    assert keeper.app.log_head() == head


def test_a_bad_lab_is_failed_stays_and_blocks_removals(keeper: Keeper, cml: CmlSimulator) -> None:
    worker = keeper.register()
    cml.set_labs([a_lab(1), a_lab(2, lab_title=None, state="STOPPED")])
    report = worker.refreshed()
    assert (report["labs_failed"], report["labs_removed"], report["labs_synced"]) == (1, 0, 1)
    assert report["failures"] == [{"lab_id": a_lab(2)["id"], "reason": "lab_title is missing"}]
    labs = {lab["id"]: lab for lab in worker.labs()}
    assert len(labs) == 3
    assert labs[a_lab(2)["id"]]["state"] == "STARTED"
    assert labs[a_lab(2)["id"]]["last_synced"] < labs[a_lab(1)["id"]]["last_synced"]


def test_a_second_refresh_within_10_s_is_429_and_failed_or_background_ones_do_not_count(
    keeper: Keeper, cml: CmlSimulator
) -> None:
    cml.set_faults({"kind": "status", "status": 503})
    worker = keeper.register()
    with keeper.clock.standing():
        assert_problem(worker.refresh(later=0), 503)
        cml.set_faults()
        assert worker.refresh(later=0).status_code == 200
        answer = worker.refresh(later=4)
        problem = assert_problem(answer, 429, "too-many-requests")
        assert answer.headers["retry-after"] == "6"
        assert problem["retry_after_seconds"] == pytest.approx(6)
        assert_problem(worker.refresh(later=0, headers={"Prefer": "respond-async"}), 429)
        assert worker.refresh(later=0, params={"dry_run": "true"}).status_code == 200
        cml.set_faults({"kind": "status", "status": 503})
        assert_problem(worker.refresh(later=6.5), 503)
        cml.set_faults()
        assert worker.refresh(later=0).status_code == 200


def test_one_refresh_of_a_worker_at_a_time(keeper: Keeper, cml: CmlSimulator) -> None:
    worker = keeper.register()
    keeper.clock.advance(11)
    cml.calls(forget=True)
    cml.set_faults({"kind": "latency", "seconds": 1.5, "times": 1})
    first: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: first.append(worker.refresh(later=0)))
    asking.start()
    eventually(cml.calls, "the first refresh is under way")
    with keeper.app.client() as other, keeper.clock.standing():
        second = other.post(worker.path + "/labs/refresh")
        third = other.post(worker.path + "/labs/refresh", headers={"Prefer": "respond-async"})
    asking.join()
    assert first[0].status_code == 200
    for refused in (second, third):
        assert_problem(refused, 429)
        assert int(refused.headers["retry-after"]) >= 1


def fails(worker: Any, status: int, cause: str, url: str) -> dict[str, Any]:
    answer = worker.refresh()
    problem = assert_problem(answer, status)
    assert problem["cause"] == cause
    assert problem["url"].startswith(url)
    assert problem["url"] in problem["detail"]
    assert cause in problem["detail"]
    if status == 503:
        assert int(answer.headers["retry-after"]) >= 1
    assert "labs_synced" not in problem
    return problem


def test_an_unreachable_controller_is_503_with_url_and_cause(keeper: Keeper) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    worker = keeper.register(endpoint_url=url)
    fails(worker, 503, "unreachable", url)
    assert worker.get().json()["reachability"] == "unreachable"
    assert worker.get().json()["last_error"].startswith(url)


def test_a_controller_with_an_unknown_certificate_is_503_tls(keeper: Keeper, tmp_path: Any) -> None:
    files = self_signed(tmp_path, "localhost")
    with CmlSimulator(tls_cert=files.certificate, tls_key=files.key) as simulator:
        worker = keeper.register(endpoint_url=simulator.url, verify_tls=True)
        fails(worker, 503, "tls", simulator.url)
        assert keeper.http.patch(worker.path, json={"verify_tls": False}).status_code == 200
        assert worker.refreshed()["labs_created"] == 3


def test_wrong_credentials_are_502_unauthorised(keeper: Keeper) -> None:
    worker = keeper.register(password="not-this-one")
    fails(worker, 502, "unauthorised", keeper.cml.url)


def test_a_controller_that_is_not_ready_is_503(keeper: Keeper, cml: CmlSimulator) -> None:
    cml.set_faults({"kind": "not_ready"})
    worker = keeper.register()
    fails(worker, 503, "not_ready", cml.url)
    assert worker.get().json()["reachability"] == "not_ready"


@pytest.mark.parametrize("kind", ["html", "wrong_json", "truncated_json"])
def test_nonsense_is_502_and_changes_nothing(keeper: Keeper, cml: CmlSimulator, kind: str) -> None:
    worker = keeper.register()
    labs = worker.labs()
    cml.set_faults({"kind": kind, "path": "/populate_lab_tiles"}, {"kind": kind, "path": "/labs"})
    fails(worker, 502, "invalid_answer", cml.url)
    assert worker.labs() == labs


def test_an_open_breaker_is_503_with_retry_after(keeper: Keeper) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    worker = keeper.register(endpoint_url=url)

    def opened() -> dict[str, Any] | None:
        problem = assert_problem(worker.refresh(), 503)
        return problem if problem["cause"] == "circuit_open" else None

    problem = eventually(opened, "the breaker opens")
    assert problem["url"].startswith(url)
    assert 1 <= problem["retry_after_seconds"] <= 30
    assert worker.get().json()["reachability"] == "unreachable"


def test_a_listing_that_drops_half_is_held_and_the_second_applies_it(keeper: Keeper, cml: CmlSimulator) -> None:
    cml.set_labs([a_lab(number) for number in range(1, 11)])
    worker = keeper.register()
    cml.set_labs([a_lab(1), a_lab(2)])
    held = worker.refreshed()
    assert (held["held"], held["labs_held"], held["labs_removed"], held["labs_unchanged"]) == (True, 8, 0, 2)
    assert len(worker.labs()) == 10
    assert worker.get().json()["labs_held"] == 8
    applied = worker.refreshed()
    assert (applied["held"], applied["labs_held"], applied["labs_removed"]) == (False, 0, 8)
    assert len(worker.labs()) == 2
    keeper.app.caught_up()
    assert worker.get(headers={"X-Position": f"labs:{keeper.app.log_head()}"}).json()["labs_held"] == 0


def test_a_held_listing_is_taken_back_when_the_labs_are_there_again(keeper: Keeper, cml: CmlSimulator) -> None:
    labs = [a_lab(number) for number in range(1, 11)]
    cml.set_labs(labs)
    worker = keeper.register()
    cml.set_labs([])
    assert worker.refreshed()["labs_held"] == 10
    cml.set_labs(labs)
    assert worker.refreshed()["labs_unchanged"] == 10
    cml.set_labs([])
    assert worker.refreshed()["labs_held"] == 10
    assert len(worker.labs()) == 10


def test_a_dry_run_tells_the_differences_and_writes_nothing(keeper: Keeper, cml: CmlSimulator) -> None:
    worker = keeper.register()
    before = worker.get().json()
    cml.set_labs([a_lab(1, state="STOPPED"), a_lab(2), a_lab(4)])
    head = keeper.app.log_head()
    told = worker.refreshed(params={"dry_run": "true"})
    assert told["dry_run"] is True
    assert (told["labs_created"], told["labs_updated"], told["labs_removed"]) == (1, 1, 1)
    assert {change["lab_id"]: change["change"] for change in told["changes"]} == {
        a_lab(1)["id"]: "updated",
        a_lab(3)["id"]: "removed",
        a_lab(4)["id"]: "created",
    }
    assert keeper.app.log_head() == head
    assert worker.get().json() == before
    assert len(worker.labs()) == 3
    cml.set_faults({"kind": "status", "status": 503})
    assert_problem(worker.refresh(params={"dry_run": "true"}), 503)
    assert worker.get().json() == before
    cml.set_faults()
    done = worker.refreshed()
    assert [done[name] for name in ("labs_created", "labs_updated", "labs_removed")] == [1, 1, 1]


def test_prefer_respond_async_answers_202_with_a_run(keeper: Keeper, cml: CmlSimulator) -> None:
    worker = keeper.register()
    cml.set_labs([a_lab(1), a_lab(2), a_lab(3, state="STOPPED")])
    answer = worker.refresh(headers={"Prefer": "respond-async, wait=1"})
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "respond-async"
    run = answer.json()
    assert answer.headers["location"] == f"{API}/jobs/labs-refresh/runs/{run['run_id']}"

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = keeper.http.get(answer.headers["location"]).json()
        return found if found["outcome"] != "running" else None

    done = eventually(ended, "the run ends")
    assert (done["outcome"], done["actor"], done["trigger"]) == ("succeeded", "tester", "manual")
    assert done["counts"]["labs_updated"] == 1
    (part,) = done["parts"]
    assert part["part_id"] == worker.id
    (item,) = part["items"]
    assert (item["record_id"], item["change"]) == (worker.record_id(3), "updated")


def test_a_refresh_of_all_workers_is_a_run_and_not_again_at_once(keeper: Keeper, cml: CmlSimulator) -> None:
    workers = [keeper.register(name=name) for name in ("x", "y")]
    keeper.clock.advance(11)
    cml.set_labs([a_lab(1), a_lab(2)])

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = keeper.http.get(answer.headers["location"]).json()
        return found if found["outcome"] != "running" else None

    with keeper.clock.standing():
        with keeper.app.client(Role.MANAGER) as manager:
            answer = manager.post(f"{API}/workers/refresh")
        assert answer.status_code == 202, answer.text
        done = eventually(ended, "the run ends", 120)
        keeper.app.caught_up()
        parts = {part["part_id"]: part for part in done["parts"]}
        for worker in workers:
            assert parts[worker.id]["counts"]["labs_removed"] == 1
            assert len(worker.labs()) == 2
            assert_problem(worker.refresh(later=0), 429)


def test_unknown_preferences_are_ignored(keeper: Keeper) -> None:
    worker = keeper.register()
    assert worker.refresh(headers={"Prefer": "handling=lenient"}).status_code == 200
