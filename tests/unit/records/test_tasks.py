"""Tasks: where they may go, and what each change leaves behind."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.records.kinds.task import AssigneeType, By, Task, TaskDraft, TaskUnreadableError
from domain.records.kinds.task_status import (
    LEGACY_STATUSES,
    TRANSITIONS,
    TaskStatus,
    TaskTransitionRefusedError,
)
from domain.records.values import LabsRecord

BY = By("asha", datetime(2026, 3, 1, 12, tzinfo=UTC))


def task(**data: Any) -> Task:
    return Task(LabsRecord(id=1, experiment="tasks", type="Task", data=data))


def test_a_new_task_says_who_made_it() -> None:
    data = TaskDraft(title="Call", username="w1", opportunity_id=814).data(BY)
    made = task(**data)
    assert (made.status, made.priority, made.flw_name, made.assigned_to_name) == (
        "investigating",
        "medium",
        "w1",
        "asha",
    )
    assert made.events == [
        {
            "event_type": "created",
            "actor": "asha",
            "description": "Task created by asha",
            "timestamp": "2026-03-01T12:00:00Z",
        }
    ]


@pytest.mark.parametrize("start", list(TaskStatus))
@pytest.mark.parametrize("end", list(TaskStatus))
def test_a_task_goes_where_it_may_and_nowhere_else(start: TaskStatus, end: TaskStatus) -> None:
    before = task(status=start.value, events=[{"event_type": "created"}], other={"a.b": 1})
    if end in TRANSITIONS[start]:
        after = before.moved(end, BY)
        assert list(after) == ["status", "events", "other"]
        assert (after["status"], after["other"]) == (end, {"a.b": 1})
        [first, last] = after["events"]
        assert first == {"event_type": "created"}
        assert (last["event_type"], last["from"], last["to"]) == ("status_changed", start, end)
    else:
        with pytest.raises(TaskTransitionRefusedError, match=f"is {start} cannot become {end}"):
            before.moved(end, BY)


@pytest.mark.parametrize(("legacy", "meant"), LEGACY_STATUSES.items())
def test_statuses_of_earlier_times_are_read_and_not_written(legacy: str, meant: TaskStatus) -> None:
    assert task(status=legacy).status == meant
    to = next(iter(TRANSITIONS[meant]))
    assert task(status=legacy).moved(to, BY)["events"][-1]["from"] == meant


def test_a_status_that_nobody_knows_is_no_dead_end() -> None:
    assert task(status="on hold").status == "on hold"
    assert task(status="on hold").moved(TaskStatus.CLOSED, BY)["status"] == "closed"
    assert task(status=7).status == "investigating"


def test_a_resolved_task_keeps_what_was_decided() -> None:
    after = task(status="resolved_not", title="x").resolved("warned", "talked to the worker", BY)
    details = {"official_action": "warned", "resolution_note": "talked to the worker"}
    assert (after["status"], after["resolution_details"]) == ("closed", details)
    assert after["events"][-1]["resolution_details"] == details
    with pytest.raises(TaskTransitionRefusedError):
        task(**after).resolved("warned", "again", BY)


def test_assigning_and_commenting_append_to_the_events() -> None:
    first = task(status="investigating").assigned(AssigneeType.NETWORK_MANAGER, "Noor", BY)
    assert (first["assigned_to_type"], first["assigned_to_name"]) == ("network_manager", "Noor")
    second = task(**first).commented("was here", BY)
    assert [event["event_type"] for event in second["events"]] == ["assigned", "comment"]


def test_changing_to_what_is_there_already_changes_nothing() -> None:
    before = task(title="a")
    assert before.changed({"title": "a"}, BY) is before.record.data
    after = before.changed({"title": "b", "audit_session_id": 4}, BY)
    assert after["events"][-1]["changed"] == ["title", "audit_session_id"]


def test_events_that_are_no_list_are_not_lost() -> None:
    assert task(events="gone wrong").commented("x", BY)["events"][0] == "gone wrong"


def test_a_task_without_an_object_cannot_be_changed() -> None:
    with pytest.raises(TaskUnreadableError):
        Task(LabsRecord(id=1, experiment="tasks", type="Task", data=[1])).commented("x", BY)
