"""What the history of a record decides."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from domain.records.errors import RecordNotFoundError
from domain.records.events import (
    LabsRecordChangedDomainEvent,
    LabsRecordCreatedDomainEvent,
    LabsRecordRemovedDomainEvent,
)
from domain.records.record_history import MOST_CHANGED_KEYS, LabsRecordHistory
from domain.records.values import LabsRecord, RecordOrigin
from tests.support.scenario import given

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
RECORD = LabsRecord(id=7, experiment="tasks", type="Task", data={"a": 1, "b": [1]}, opportunity_id=814, username="asha")
TOLD: dict[str, Any] = {
    "experiment": "tasks",
    "type": "Task",
    "opportunity_id": 814,
    "organization_id": None,
    "program_id": None,
    "public": False,
}


def created(record: LabsRecord = RECORD) -> LabsRecordCreatedDomainEvent:
    event = LabsRecordHistory.begin(record, NOW).pending_events[0]
    assert isinstance(event, LabsRecordCreatedDomainEvent)
    return event


def changed(**values: Any) -> LabsRecordChangedDomainEvent:
    return LabsRecordChangedDomainEvent(
        **{"aggregate_id": "7", "created_at": NOW, "origin": RecordOrigin.HERE, **TOLD, **values}
    )


def removed(because_of: int | None = None) -> LabsRecordRemovedDomainEvent:
    return LabsRecordRemovedDomainEvent(
        aggregate_id="7", created_at=NOW, because_of=because_of, origin=RecordOrigin.HERE, **TOLD
    )


def test_a_new_record_is_recorded_whole() -> None:
    event = created()
    assert (event.aggregate_id, event.data, event.username) == ("7", '{"a":1,"b":[1]}', "asha")
    assert given(LabsRecordHistory, event).then_nothing().present == RECORD


def test_only_what_differs_is_recorded() -> None:
    scenario = given(LabsRecordHistory, created())
    scenario.when(lambda one: one.change({"type": "Other", "username": "asha", "public": False}, NOW)).then(
        changed(fields={"type": "Other"}, changed=["type"], type="Other")
    )


def test_nothing_is_recorded_when_nothing_differs() -> None:
    given(LabsRecordHistory, created()).when(lambda one: one.become(RECORD, NOW, action="x")).then_nothing()


def test_changed_data_is_recorded_whole_with_the_names_of_what_changed() -> None:
    history = given(LabsRecordHistory, created()).when(
        lambda one: one.change({"data": {"a": 1, "c.d": None, "b": [2]}}, NOW, action="tasks.assigned")
    )
    history.then(changed(data='{"a":1,"c.d":null,"b":[2]}', changed=["data.b", 'data."c.d"'], action="tasks.assigned"))


def test_another_order_of_keys_is_a_change() -> None:
    given(LabsRecordHistory, created()).when(lambda one: one.change({"data": {"b": [1], "a": 1}}, NOW)).then(
        changed(data='{"b":[1],"a":1}', changed=["data"])
    )


def test_a_number_is_no_flag() -> None:
    history = given(LabsRecordHistory, created()).when(lambda one: one.change({"data": {"a": True, "b": [1]}}, NOW))
    history.then(changed(data='{"a":true,"b":[1]}', changed=["data.a"]))


def test_too_many_or_too_long_names_are_not_listed() -> None:
    many = {f"k{number}": 1 for number in range(MOST_CHANGED_KEYS + 1)}
    for data in (many, {"a": 1, "b": [1], "x" * 201: 1}):
        history = LabsRecordHistory.begin(RECORD, NOW)
        assert history.change({"data": data}, NOW) == ["data"]


def test_a_removed_record_is_not_there() -> None:
    scenario = given(LabsRecordHistory, created(), removed())
    assert scenario.then_nothing().state.record is None
    scenario.when(lambda one: one.remove(NOW)).then_refused_with(RecordNotFoundError)
    scenario.when(lambda one: one.change({"type": "x"}, NOW)).then_refused_with(RecordNotFoundError)


def test_a_child_is_removed_because_of_its_parent() -> None:
    given(LabsRecordHistory, created()).when(lambda one: one.remove(NOW, because_of=3)).then(removed(because_of=3))


def test_a_removed_record_may_come_to_be_again() -> None:
    other = replace(RECORD, data="again", opportunity_id=815)
    again = given(LabsRecordHistory, created(), removed()).when(lambda one: one.become(other, NOW)).then(created(other))
    assert again.present == other
