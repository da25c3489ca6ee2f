"""Registering, listing, changing and decommissioning workers."""

import httpx
import pytest

from api.kernel.authorization import Role
from tests.support.cml import CmlSimulator, a_lab
from tests.support.served import API, Keeper, assert_problem, eventually

SECRET = "a-secret-that-nobody-sees"


def test_registering_answers_201_with_location_and_etag_and_never_the_password(keeper: Keeper) -> None:
    answer = keeper.http.post(f"{API}/workers/region/eu west/workers", json=keeper.body(active=False, password=SECRET))
    assert answer.status_code == 201
    worker = answer.json()
    assert answer.headers["location"] == f"{API}/workers/region/eu%20west/workers/{worker['worker_id']}"
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["x-position"].startswith("labs:")
    assert worker["region"] == "eu west"
    assert worker["reachability"] == "unknown"
    assert worker["max_history_size"] == 50
    assert "password" not in worker
    assert "username" not in worker
    assert SECRET not in answer.text
    found = keeper.http.get(answer.headers["location"])
    assert found.status_code == 200
    assert found.headers["etag"] == '"1"'
    assert found.json() == worker
    assert keeper.cml.calls() == {}


def test_the_first_refresh_of_an_active_worker_starts_at_once(keeper: Keeper) -> None:
    worker = keeper.register()
    assert worker.get().json()["reachability"] == "reachable"
    assert [lab["title"] for lab in worker.labs()] == ["BGP basics 1", "BGP basics 2", "BGP basics 3"]


def test_workers_are_listed_by_name_with_status_filter_and_paging(keeper: Keeper) -> None:
    region = keeper.register(name="b", active=False).region
    for name, active in (("c", False), ("a", True), ("d", False)):
        keeper.register(region, name=name, active=active)
    path = f"{API}/workers/region/{region}/workers"

    def names(**params: object) -> list[str]:
        answer = keeper.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        assert answer.json().keys() == {"items", "next_cursor"}
        return [item["name"] for item in answer.json()["items"]]

    assert names() == ["a", "b", "c", "d"]
    assert names(status="active") == ["a"]
    assert names(status="inactive") == ["b", "c", "d"]
    assert names(status="reachable") == ["a"]
    assert names(status="unknown") == ["b", "c", "d"]
    assert names(status="unreachable") == []
    assert names(status="decommissioned") == []
    paged: list[str] = []
    cursor = None
    while True:
        params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = keeper.http.get(path, params=params).json()
        paged += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert paged == ["a", "b", "c", "d"]
    assert_problem(keeper.http.get(path, params={"status": "broken"}), 422)
    assert_problem(keeper.http.get(path, params={"limit": 0}), 422)
    assert_problem(keeper.http.get(path, params={"limit": 201}), 422)


def test_workers_of_all_regions_are_one_list(keeper: Keeper) -> None:
    mine = [keeper.register(region, name=f"everywhere {region}", active=False) for region in ("far north", "far south")]
    found: list[str] = []
    cursor = None
    while True:
        page = keeper.http.get(f"{API}/workers", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        found += [item["worker_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert {worker.id for worker in mine} <= set(found)
    assert len(found) == len(set(found))


def test_a_worker_in_another_region_or_unknown_is_404(keeper: Keeper) -> None:
    worker = keeper.register(active=False)
    elsewhere = f"{API}/workers/region/elsewhere/workers/{worker.id}"
    unknown = worker.path.replace(worker.id, "00000000-0000-4000-8000-000000000000")
    for path in (elsewhere, unknown):
        for method, tail, body in (
            ("GET", "", None),
            ("PATCH", "", {"active": True}),
            ("DELETE", "", None),
            ("GET", "/labs", None),
            ("POST", "/labs/refresh", None),
            ("POST", "/labs/refresh?dry_run=true", None),
        ):
            assert_problem(keeper.http.request(method, path + tail, json=body), 404, "not-found")
    respond = {"Prefer": "respond-async"}
    assert_problem(keeper.http.post(elsewhere + "/labs/refresh", headers=respond), 404, "not-found")
    assert worker.get().json()["version"] == 1


def test_patch_changes_what_is_given_and_nothing_else(keeper: Keeper) -> None:
    worker = keeper.register(active=False)
    answer = keeper.http.patch(worker.path, json={"name": "renamed", "max_history_size": 7})
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"2"'
    changed = answer.json()
    assert (changed["name"], changed["max_history_size"], changed["active"]) == ("renamed", 7, False)
    assert worker.get().json() == changed
    head = keeper.app.log_head()
    assert keeper.http.patch(worker.path, json={"name": "renamed"}).headers["etag"] == '"2"'
    assert keeper.http.patch(worker.path, json={}).status_code == 200
    assert keeper.app.log_head() == head
    assert_problem(keeper.http.patch(worker.path, json={"region": "x"}), 422)


def test_if_match_guards_changes_and_decommissioning(keeper: Keeper) -> None:
    worker = keeper.register(active=False)
    first = {"If-Match": worker.answer.headers["etag"]}
    assert keeper.http.patch(worker.path, json={"name": "two"}, headers=first).status_code == 200
    head = keeper.app.log_head()
    for stale in (first, {"If-Match": '"abc"'}, {"If-Match": 'W/"2"'}):
        problem = assert_problem(keeper.http.patch(worker.path, json={"name": "x"}, headers=stale), 412)
        assert "version" in problem["detail"]
        assert_problem(keeper.http.delete(worker.path, headers=stale), 412)
    assert_problem(keeper.http.patch(worker.path, json={"name": "x"}, headers={"If-Match": "nonsense"}), 400)
    assert keeper.app.log_head() == head
    assert keeper.http.patch(worker.path, json={"name": "x"}, headers={"If-Match": "*"}).status_code == 200
    assert keeper.http.delete(worker.path, headers={"If-Match": '"3"'}).status_code == 204


def test_replaced_credentials_are_used_and_never_shown(keeper: Keeper) -> None:
    worker = keeper.register(password="wrong-one")
    assert worker.get().json()["reachability"] == "unauthorised"
    problem = assert_problem(worker.refresh(), 502, "upstream-failed")
    assert (problem["cause"], problem["url"].startswith(keeper.cml.url)) == ("unauthorised", True)
    assert "wrong-one" not in str(problem)
    answer = keeper.http.patch(worker.path, json={"password": keeper.cml.password})
    assert answer.status_code == 200
    assert worker.refreshed()["labs_created"] == 3
    assert worker.get().json()["reachability"] == "reachable"


def test_an_inactive_worker_is_not_refreshed_and_an_activated_one_is_at_once(keeper: Keeper) -> None:
    worker = keeper.register(active=False)
    assert_problem(worker.refresh(), 409, "conflict")
    assert_problem(worker.refresh(headers={"Prefer": "respond-async"}), 409, "conflict")
    assert keeper.http.patch(worker.path, json={"active": True}).status_code == 200
    worker.wait_until_asked()
    assert len(worker.labs()) == 3


def test_decommissioning_removes_the_records_and_keeps_their_history(keeper: Keeper) -> None:
    worker = keeper.register()
    record = worker.record_id(1)
    answer = keeper.http.delete(worker.path)
    assert (answer.status_code, answer.content) == (204, b"")
    for tail in ("", "/labs"):
        assert_problem(worker.get(tail), 404, "not-found")
    assert_problem(keeper.http.delete(worker.path), 404)
    assert_problem(worker.refresh(), 404)

    def removed() -> bool:
        return bool(keeper.http.get(f"{API}/labs/{record}").json()["removed"])

    eventually(removed, "the records are removed")
    lab = keeper.http.get(f"{API}/labs/{record}").json()
    assert lab["removed_at"] is not None
    history = keeper.http.get(f"{API}/labs/{record}/history").json()["items"]
    assert [entry["type"] for entry in history] == ["labs.lab-record-removed.v1", "labs.lab-record-created.v1"]
    listing = f"{API}/workers/region/{worker.region}/workers"
    assert keeper.http.get(listing).json()["items"] == []
    gone = keeper.http.get(listing, params={"status": "decommissioned"}).json()["items"]
    assert [one["worker_id"] for one in gone] == [worker.id]
    assert keeper.http.get(f"{API}/labs", params={"region": worker.region}).json()["items"] == []


def test_a_repeated_registration_under_one_key_makes_one_worker(keeper: Keeper) -> None:
    path = f"{API}/workers/region/keyed/workers"
    key = {"Idempotency-Key": "reg-1"}
    first = keeper.http.post(path, json=keeper.body(active=False), headers=key)
    again = keeper.http.post(path, json=keeper.body(active=False), headers=key)
    assert first.status_code == again.status_code == 201
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    assert len(keeper.http.get(path).json()["items"]) == 1
    other = keeper.http.post(path, json=keeper.body(name="other"), headers=key)
    assert_problem(other, 422, "idempotency-key-reused")


def test_x_position_reads_what_was_written(keeper: Keeper) -> None:
    worker = keeper.register(active=False)
    position = worker.answer.headers["x-position"]
    for path in (worker.path, f"{API}/workers/region/{worker.region}/workers", worker.path + "/labs", f"{API}/labs"):
        # A model that lags for longer than a question may wait answers 503, and is asked again.
        eventually(
            lambda at=path: keeper.http.get(at, headers={"X-Position": position}).status_code == 200,  # type: ignore[misc]
            path,
        )
    assert_problem(worker.get(headers={"X-Position": "nonsense"}), 400, "malformed-header")
    beyond = f"labs:{keeper.app.log_head() + 1000}"
    late = assert_problem(worker.get(headers={"X-Position": beyond}), 503)
    assert late["retry_after_seconds"] > 0


@pytest.mark.parametrize("role", [Role.USER, Role.MANAGER])
def test_who_may_read_sees_no_credentials(keeper: Keeper, cml: CmlSimulator, role: Role) -> None:
    cml.set_labs([a_lab(1)])
    worker = keeper.register(password=SECRET)
    with keeper.app.client(role) as client:
        answers: list[httpx.Response] = [client.get(worker.path), client.get(worker.path + "/labs")]
    for answer in answers:
        assert answer.status_code == 200
        assert SECRET not in answer.text
