"""What a lab record decides."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.kernel.field_change import FieldChange
from domain.labs.errors import LabAlreadyRemovedError, LabNotRemovedError
from domain.labs.events import (
    LabRecordCreatedDomainEvent,
    LabRecordRemovedDomainEvent,
    LabRecordRestoredDomainEvent,
    LabRecordUpdatedDomainEvent,
    LabStateChangedDomainEvent,
)
from domain.labs.lab_record import LabRecord
from domain.labs.values import LabId, LabSnapshot, RemovalReason
from tests.support.scenario import given

THEN = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SEEN = LabSnapshot(
    lab_id=LabId("lab1"), title="BGP", state="STARTED", owner_username="alice", groups=("a", "b"), node_count=3
)
KEY = "w1.lab1"


def created(**fields: Any) -> LabRecordCreatedDomainEvent:
    record = LabRecord.create("w1", SEEN, THEN)
    event = record.pending_events[0]
    assert isinstance(event, LabRecordCreatedDomainEvent)
    return replace(event, **fields)


def removed() -> LabRecordRemovedDomainEvent:
    reason = RemovalReason.MISSING_FROM_LISTING
    return LabRecordRemovedDomainEvent(aggregate_id=KEY, created_at=THEN, worker_id="w1", reason=reason)


def updated(**changes: FieldChange) -> LabRecordUpdatedDomainEvent:
    return LabRecordUpdatedDomainEvent(aggregate_id=KEY, created_at=NOW, worker_id="w1", changed_fields=changes)


def went(previous: str, new: str) -> LabStateChangedDomainEvent:
    return LabStateChangedDomainEvent(
        aggregate_id=KEY, created_at=NOW, worker_id="w1", previous_state=previous, new_state=new
    )


def restored() -> LabRecordRestoredDomainEvent:
    return LabRecordRestoredDomainEvent(aggregate_id=KEY, created_at=NOW, worker_id="w1")


def test_a_lab_seen_for_the_first_time_is_recorded_whole() -> None:
    event = created()
    assert (event.aggregate_id, event.event_id, event.aggregate_version) == (KEY, "w1.lab1.1", 1)
    assert (event.title, event.state, event.groups, event.owner_username) == ("BGP", "STARTED", ["a", "b"], "alice")


def test_nothing_new_records_nothing() -> None:
    given(LabRecord, created()).when(lambda lab: lab.update_from_cml(SEEN, NOW)).then_nothing()


def test_another_time_of_modification_alone_is_no_change() -> None:
    later = replace(SEEN, cml_modified_at=NOW)
    given(LabRecord, created()).when(lambda lab: lab.update_from_cml(later, NOW)).then_nothing()


@pytest.mark.parametrize(
    ("field", "name", "old", "new"),
    [
        ("title", "title", "BGP", "OSPF"),
        ("description", "description", "", "text"),
        ("notes", "notes", "", "text"),
        ("owner_id", "owner_id", "", "u1"),
        ("owner_username", "owner_username", "alice", None),
        ("owner_fullname", "owner", None, "Alice A."),
        ("node_count", "node_count", 3, 4),
        ("link_count", "link_count", 0, 1),
        ("groups", "groups", ["a", "b"], ["a"]),
    ],
)
def test_a_changed_field_is_recorded_with_old_and_new(field: str, name: str, old: Any, new: Any) -> None:
    value = tuple(new) if field == "groups" else new
    now: Any = replace(SEEN, **{field: value})  # type: ignore[arg-type]
    lab = (
        given(LabRecord, created())
        .when(lambda lab: lab.update_from_cml(now, NOW))
        .then(updated(**{name: FieldChange(old, new)}))
    )
    assert lab.changes_against(now) == {}


def test_a_changed_state_is_an_event_of_its_own() -> None:
    now = replace(SEEN, state="SOMETHING_NEW")
    given(LabRecord, created()).when(lambda lab: lab.update_from_cml(now, NOW)).then(went("STARTED", "SOMETHING_NEW"))


def test_details_and_state_change_together_in_two_events() -> None:
    now = replace(SEEN, title="OSPF", state="STOPPED")
    given(LabRecord, created()).when(lambda lab: lab.update_from_cml(now, NOW)).then(
        updated(title=FieldChange("BGP", "OSPF")), went("STARTED", "STOPPED")
    )


def test_a_removed_lab_is_not_removed_again() -> None:
    scenario = given(LabRecord, created(), removed())
    scenario.when(lambda lab: lab.remove(NOW, RemovalReason.MISSING_FROM_LISTING)).then_refused_with(
        LabAlreadyRemovedError, KEY
    )


def test_a_lab_that_is_there_is_not_restored() -> None:
    given(LabRecord, created()).when(lambda lab: lab.restore(NOW)).then_refused_with(LabNotRemovedError, KEY)


def test_a_removed_lab_that_is_seen_again_is_restored_and_compared() -> None:
    now = replace(SEEN, title="OSPF")
    lab = (
        given(LabRecord, created(), removed())
        .when(lambda lab: lab.update_from_cml(now, NOW))
        .then(restored(), updated(title=FieldChange("BGP", "OSPF")))
    )
    assert lab.state.removed_at is None
