"""A worker's labs from our own store, and how old the answer says it is."""

from email.utils import parsedate_to_datetime

from tests.support.cml import CmlSimulator, a_lab
from tests.support.served import Keeper, assert_problem

FIELDS = {
    *("record_id", "id", "title", "description", "notes", "state", "owner", "owner_username", "node_count"),
    *("link_count", "created", "modified", "groups", "last_synced", "removed", "removed_at"),
}


def test_labs_carry_the_fields_of_the_contract(keeper: Keeper, cml: CmlSimulator) -> None:
    group = {"id": "0a1b2c3d-1111-4222-8333-944455556660", "name": "students", "permission": "read_only"}
    cml.set_labs([a_lab(1, lab_description="a", lab_notes="b", groups=[group]), a_lab(2, state="QUEUED")])
    worker = keeper.register()
    answer = worker.get("/labs")
    assert answer.headers["content-type"] == "application/json"
    first, second = answer.json()
    assert first.keys() == FIELDS
    assert first == {
        **first,
        "record_id": worker.record_id(1),
        "id": a_lab(1)["id"],
        "title": "BGP basics 1",
        "description": "a",
        "notes": "b",
        "state": "STARTED",
        "owner": "Alice A.",
        "owner_username": "alice",
        "node_count": 6,
        "link_count": 7,
        "created": "2026-01-20T08:00:00Z",
        "modified": "2026-01-21T09:30:10Z",
        "groups": ["students"],
        "removed": False,
        "removed_at": None,
    }
    assert second["state"] == "QUEUED"
    assert first["last_synced"] == worker.get().json()["last_synced_at"]


def test_an_answer_says_how_old_it_is(keeper: Keeper) -> None:
    worker = keeper.register()
    with keeper.clock.standing():
        before = worker.get("/labs")
        keeper.clock.advance(100)
        after = worker.get("/labs")
    assert int(after.headers["age"]) - int(before.headers["age"]) == 100
    assert after.headers["last-modified"] == before.headers["last-modified"]
    assert parsedate_to_datetime(after.headers["last-modified"]).tzinfo is not None
    assert "labkeeper-stale-since" not in after.headers


def test_an_unchanged_answer_is_304_and_a_changed_one_is_not(keeper: Keeper, cml: CmlSimulator) -> None:
    worker = keeper.register()
    answer = worker.get("/labs")
    known = {"If-None-Match": answer.headers["etag"]}
    unchanged = worker.get("/labs", headers=known)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == answer.headers["etag"]
    assert "age" in unchanged.headers
    cml.set_labs([a_lab(1, lab_title="another"), a_lab(2), a_lab(3)])
    worker.refreshed()
    changed = worker.get("/labs", headers=known)
    assert changed.status_code == 200
    assert changed.headers["etag"] != answer.headers["etag"]
    assert "another" in {lab["title"] for lab in changed.json()}


def test_while_refreshes_fail_the_last_answer_stays_and_says_since_when(keeper: Keeper, cml: CmlSimulator) -> None:
    worker = keeper.register()
    labs = worker.labs()
    cml.set_faults({"kind": "status", "status": 503})
    assert_problem(worker.refresh(), 503)
    stale = worker.get("/labs")
    assert stale.json() == labs
    since = stale.headers["labkeeper-stale-since"]
    assert since.endswith("Z")
    assert worker.get().json()["stale_since"].startswith(since[:19])
    assert_problem(worker.refresh(), 503)
    assert worker.get("/labs").headers["labkeeper-stale-since"] == since
    assert keeper.http.get(f"/api/v1/labs/{worker.record_id(1)}").headers["labkeeper-stale-since"] == since
    cml.set_faults()
    worker.refreshed(later=40)
    fresh = worker.get("/labs")
    assert "labkeeper-stale-since" not in fresh.headers
    assert int(fresh.headers["age"]) < 40


def test_removed_labs_are_shown_only_when_asked_for(keeper: Keeper, cml: CmlSimulator) -> None:
    worker = keeper.register()
    cml.set_labs([a_lab(1), a_lab(2)])
    assert worker.refreshed()["labs_removed"] == 1
    assert [lab["id"] for lab in worker.labs()] == [a_lab(1)["id"], a_lab(2)["id"]]
    everything = worker.labs(params={"include_removed": "true"})
    assert len(everything) == 3
    gone = next(lab for lab in everything if lab["id"] == a_lab(3)["id"])
    assert gone["removed"] is True
    assert gone["removed_at"] is not None
    cml.set_labs([a_lab(1), a_lab(2), a_lab(3)])
    report = worker.refreshed()
    assert (report["labs_restored"], report["labs_synced"]) == (1, 3)
    assert len(worker.labs()) == 3


def test_a_worker_that_was_never_reached_has_an_empty_list_that_says_it_is_stale(
    keeper: Keeper, cml: CmlSimulator
) -> None:
    cml.set_faults({"kind": "status", "status": 503})
    worker = keeper.register()
    answer = worker.get("/labs")
    assert (answer.status_code, answer.json()) == (200, [])
    assert "age" not in answer.headers
    assert "labkeeper-stale-since" in answer.headers


def test_only_declared_parameters_are_taken(keeper: Keeper) -> None:
    worker = keeper.register(active=False)
    assert_problem(worker.get("/labs?include_removed=maybe"), 422)
    assert_problem(worker.get("/labs?includeRemoved=true"), 422, "unknown-parameter")
    assert_problem(worker.get("/labs?include_removed=true&include_removed=true"), 422)
