"""One lab: details, history, as it was, and how it spent its time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.cml import CmlSimulator, a_lab
from tests.support.served import API, Keeper, Worker, assert_problem


def with_a_past(keeper: Keeper, cml: CmlSimulator) -> tuple[Worker, str]:
    """A lab that was created, renamed, stopped, renamed and started at once, removed and seen again; 100 s between."""
    cml.set_labs([a_lab(1), a_lab(2)])
    worker = keeper.register()
    for labs in (
        [a_lab(1, lab_title="second"), a_lab(2)],
        [a_lab(1, lab_title="second", state="STOPPED"), a_lab(2)],
        [a_lab(1, lab_title="third"), a_lab(2)],
        [a_lab(2)],
        [a_lab(1, lab_title="third"), a_lab(2)],
    ):
        cml.set_labs(labs)
        worker.refreshed(later=100)
    return worker, f"{API}/labs/{worker.record_id(1)}"


def test_details_carry_the_operations_newest_first(keeper: Keeper, cml: CmlSimulator) -> None:
    _, path = with_a_past(keeper, cml)
    answer = keeper.http.get(path)
    assert answer.status_code == 200
    lab = answer.json()
    assert answer.headers["etag"] == f'"{lab["version"]}"'
    assert "age" in answer.headers
    assert (lab["title"], lab["state"], lab["removed"]) == ("third", "STARTED", False)
    told = [(one["previous_state"], one["new_state"], one["changed_fields"]) for one in lab["operation_history"]]
    assert told == [
        ("STARTED", "STARTED", {"removed": {"old": True, "new": False}}),
        ("STARTED", "STARTED", {"removed": {"old": False, "new": True}}),
        ("STOPPED", "STARTED", {"title": {"old": "second", "new": "third"}}),
        ("STARTED", "STOPPED", {}),
        ("STARTED", "STARTED", {"title": {"old": "BGP basics 1", "new": "second"}}),
    ]
    times = [one["timestamp"] for one in lab["operation_history"]]
    assert times == sorted(times, reverse=True)
    listed = keeper.http.get(f"{API}/labs", params={"worker": lab["worker_id"]}).json()["items"][-1]
    assert {name: lab[name] for name in listed} == listed


def test_the_ring_keeps_the_last_n(keeper: Keeper, cml: CmlSimulator) -> None:
    cml.set_labs([a_lab(1)])
    worker = keeper.register(max_history_size=3)
    for number in range(5):
        cml.set_labs([a_lab(1, lab_title=f"t{number}")])
        worker.refreshed()
    path = f"{API}/labs/{worker.record_id(1)}"

    def titles() -> list[str]:
        return [one["changed_fields"]["title"]["new"] for one in keeper.http.get(path).json()["operation_history"]]

    assert titles() == ["t4", "t3", "t2"]
    keeper.http.patch(worker.path, json={"max_history_size": 1}).raise_for_status()
    keeper.app.caught_up()
    assert titles() == ["t4"]
    cml.set_labs([a_lab(1, lab_title="t5")])
    worker.refreshed()
    assert titles() == ["t5"]
    assert len(keeper.http.get(path + "/history").json()["items"]) == 7


def test_history_is_complete_newest_first_and_paged(keeper: Keeper, cml: CmlSimulator) -> None:
    _, path = with_a_past(keeper, cml)
    whole = keeper.http.get(path + "/history").json()
    assert whole["next_cursor"] is None
    entries = whole["items"]
    assert [(entry["version"], entry["type"].split(".")[1]) for entry in entries] == [
        (7, "lab-record-restored"),
        (6, "lab-record-removed"),
        (5, "lab-state-changed"),
        (4, "lab-record-updated"),
        (3, "lab-state-changed"),
        (2, "lab-record-updated"),
        (1, "lab-record-created"),
    ]
    assert entries[0].keys() == {"version", "type", "at", "by", "previous_state", "new_state", "changed_fields"}
    assert (entries[4]["previous_state"], entries[4]["new_state"]) == ("STARTED", "STOPPED")
    assert entries[5]["changed_fields"] == {"title": {"old": "BGP basics 1", "new": "second"}}
    assert (entries[6]["previous_state"], entries[6]["new_state"]) == (None, "STARTED")
    assert {entry["by"] for entry in entries} == {"tester"}
    for limit in (1, 2, 3, 7):
        paged: list[Any] = []
        params: dict[str, Any] = {"limit": limit}
        while True:
            page = keeper.http.get(path + "/history", params=params).json()
            paged += page["items"]
            if page["next_cursor"] is None:
                break
            params["cursor"] = page["next_cursor"]
        assert paged == entries
    cursor = keeper.http.get(path + "/history", params={"limit": 1}).json()["next_cursor"]
    other = path.replace("000001", "000002")
    assert_problem(keeper.http.get(other + "/history", params={"cursor": cursor}), 422)


def test_as_of_gives_the_lab_as_it_was(keeper: Keeper, cml: CmlSimulator) -> None:
    _, path = with_a_past(keeper, cml)
    times = {e["version"]: datetime.fromisoformat(e["at"]) for e in keeper.http.get(path + "/history").json()["items"]}
    second = timedelta(seconds=1)

    def at(when: datetime) -> Any:
        return keeper.http.get(path, params={"as_of": when.isoformat()})

    assert_problem(at(times[1] - second), 404, "not-found")
    assert at(times[1]).json()["title"] == "BGP basics 1"
    assert at(times[2] - second).json()["title"] == "BGP basics 1"
    between = at(times[3] + second).json()
    assert (between["title"], between["state"], between["version"]) == ("second", "STOPPED", 3)
    assert len(between["operation_history"]) == 2
    assert at(times[5]).json()["version"] == 5
    gone = at(times[6] + second).json()
    assert (gone["removed"], gone["title"]) == (True, "third")
    now = keeper.clock.now() + second
    assert at(now).json()["version"] == 7
    assert at(now).json()["operation_history"] == keeper.http.get(path).json()["operation_history"]
    elsewhere = times[3].astimezone(tz=None) + second
    assert at(elsewhere.astimezone(UTC)).json() == between


@pytest.mark.parametrize(
    "time", ["2026-01-01T00:00:00", "2026-01-01", "yesterday", "1767225600", "2026-13-01T00:00:00Z", ""]
)
def test_a_time_without_an_offset_is_422(keeper: Keeper, time: str) -> None:
    path = f"{API}/labs/00000000-0000-4000-8000-000000000000.x"
    problem = assert_problem(keeper.http.get(path, params={"as_of": time}), 422)
    assert problem["errors"][0]["field"] == "as_of"


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z"])
def test_times_at_the_ends_of_the_calendar_are_answered(keeper: Keeper, cml: CmlSimulator, time: str) -> None:
    worker = keeper.register()
    answer = keeper.http.get(f"{API}/labs/{worker.record_id(1)}", params={"as_of": time})
    assert answer.status_code in (200, 404, 422), answer.text


def test_a_lab_that_nobody_saw_is_404(keeper: Keeper) -> None:
    worker = keeper.register(active=False)
    for tail in ("", "/history", "/metrics", "?as_of=2026-01-01T00:00:00Z"):
        assert_problem(keeper.http.get(f"{API}/labs/{worker.record_id(9)}{tail}"), 404, "not-found")
        assert_problem(keeper.http.get(f"{API}/labs/nonsense{tail}"), 422)


def test_metrics_measure_the_window(keeper: Keeper, cml: CmlSimulator) -> None:
    cml.set_labs([a_lab(1)])
    worker = keeper.register()
    cml.set_labs([a_lab(1, state="STOPPED")])
    worker.refreshed(later=3600)
    keeper.clock.advance(1800)
    path = f"{API}/labs/{worker.record_id(1)}/metrics"
    whole = keeper.http.get(path, params={"window": "P7D"}).json()
    assert whole.keys() == {
        *("window", "from", "to", "time_in_state", "transitions", "transitions_per_day", "last_changed_at"),
        "seconds_since_change",
    }
    assert whole["window"] == "P7D"
    assert abs(whole["time_in_state"]["STARTED"]["seconds"] - 3600) < 100
    assert abs(whole["time_in_state"]["STOPPED"]["seconds"] - 1800) < 100
    assert sum(entry["share"] for entry in whole["time_in_state"].values()) == pytest.approx(1)
    assert abs(whole["time_in_state"]["STARTED"]["share"] - 2 / 3) < 0.03
    assert whole["transitions"] == 1
    assert abs(whole["seconds_since_change"] - 1800) < 100
    length = datetime.fromisoformat(whole["to"]) - datetime.fromisoformat(whole["from"])
    assert abs(length.total_seconds() - 5400) < 200
    assert whole["transitions_per_day"] == pytest.approx(1 / (length / timedelta(days=1)), rel=0.01)
    recent = keeper.http.get(path, params={"window": "PT10M"}).json()
    assert recent["time_in_state"].keys() == {"STOPPED"}
    assert recent["time_in_state"]["STOPPED"]["share"] == 1
    assert (recent["transitions"], recent["transitions_per_day"]) == (0, 0)
    assert keeper.http.get(path).json()["window"] == "P7D"
    assert keeper.http.get(path, params={"window": "P1DT12H"}).status_code == 200


def test_metrics_of_a_lab_that_is_gone_add_up_too(keeper: Keeper, cml: CmlSimulator) -> None:
    cml.set_labs([a_lab(1), a_lab(2)])
    worker = keeper.register()
    cml.set_labs([a_lab(2)])
    worker.refreshed(later=3600)
    keeper.clock.advance(3600)
    path = f"{API}/labs/{worker.record_id(1)}/metrics"
    whole = keeper.http.get(path, params={"window": "P7D"}).json()["time_in_state"]
    assert whole.keys() == {"STARTED", "REMOVED"}
    assert sum(entry["share"] for entry in whole.values()) == pytest.approx(1)
    assert abs(whole["REMOVED"]["share"] - 0.5) < 0.03
    recent = keeper.http.get(path, params={"window": "PT30M"}).json()["time_in_state"]
    assert recent == {"REMOVED": {"seconds": pytest.approx(1800), "share": 1}}


@pytest.mark.parametrize(
    "window", ["7", "P", "PT", "-P1D", "P0D", "P4000D", "week", "1 day", "01:00:00", "P99999999999999D", "", "PT1e5S"]
)
def test_a_window_is_an_iso_duration(keeper: Keeper, cml: CmlSimulator, window: str) -> None:
    path = f"{API}/labs/00000000-0000-4000-8000-000000000000.x/metrics"
    problem = assert_problem(keeper.http.get(path, params={"window": window}), 422)
    assert problem["errors"][0]["field"] == "window"
