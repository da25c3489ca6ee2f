"""What a worker and an alert decide."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.kernel.field_change import FieldChange
from domain.labs.cml_worker import CmlWorker
from domain.labs.errors import InvalidWorkerError, WorkerDecommissionedError
from domain.labs.events import (
    CmlWorkerDecommissionedDomainEvent,
    CmlWorkerDetailsChangedDomainEvent,
    CmlWorkerHeldListingSettledDomainEvent,
    CmlWorkerListingHeldDomainEvent,
    CmlWorkerReachabilityChangedDomainEvent,
    CmlWorkerRegisteredDomainEvent,
)
from domain.labs.lab_alert import LabAlert
from domain.labs.values import Reachability
from domain.labs.worker_details import WorkerDetails
from tests.support.scenario import given

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DETAILS = WorkerDetails(
    name="one", region="here", endpoint_url="https://cml.example", verify_tls=True, active=True, max_history_size=50
)


def registered() -> CmlWorkerRegisteredDomainEvent:
    event = CmlWorker.register("w1", DETAILS, NOW).pending_events[0]
    assert isinstance(event, CmlWorkerRegisteredDomainEvent)
    return event


def reached(previous: Reachability, current: Reachability, reason: str = "") -> CmlWorkerReachabilityChangedDomainEvent:
    return CmlWorkerReachabilityChangedDomainEvent(
        aggregate_id="w1", created_at=NOW, previous=previous, current=current, reason=reason
    )


def held(*labs: str) -> CmlWorkerListingHeldDomainEvent:
    return CmlWorkerListingHeldDomainEvent(
        aggregate_id="w1", created_at=NOW, missing_lab_ids=sorted(labs), known_labs=9
    )


def decommissioned() -> CmlWorkerDecommissionedDomainEvent:
    return CmlWorkerDecommissionedDomainEvent(aggregate_id="w1", created_at=NOW)


def test_reachability_is_recorded_once_per_change() -> None:
    reachable, unreachable = Reachability.REACHABLE, Reachability.UNREACHABLE
    first = reached(Reachability.UNKNOWN, reachable)
    given(CmlWorker, registered(), first).when(lambda w: w.note_reachability(reachable, "", NOW)).then_nothing()
    given(CmlWorker, registered(), first).when(lambda w: w.note_reachability(unreachable, "no route", NOW)).then(
        reached(reachable, unreachable, "no route")
    )


def test_changed_details_are_recorded_with_old_and_new() -> None:
    now = replace(DETAILS, name="two", active=False)
    changes = {"name": FieldChange("one", "two"), "active": FieldChange(True, False)}
    worker = (
        given(CmlWorker, registered())
        .when(lambda w: w.change_details(now, NOW))
        .then(CmlWorkerDetailsChangedDomainEvent(aggregate_id="w1", created_at=NOW, changed_fields=changes))
    )
    assert worker.state.details() == now
    given(CmlWorker, registered()).when(lambda w: w.change_details(DETAILS, NOW)).then_nothing()


def test_a_worker_stays_in_its_region() -> None:
    given(CmlWorker, registered()).when(
        lambda w: w.change_details(replace(DETAILS, region="x"), NOW)
    ).then_refused_with(InvalidWorkerError, "region")


def test_a_decommissioned_worker_accepts_no_change() -> None:
    for action in (
        lambda w: w.change_details(replace(DETAILS, name="two"), NOW),
        lambda w: w.note_credentials_replaced(NOW),
        lambda w: w.decommission(NOW),
    ):
        given(CmlWorker, registered(), decommissioned()).when(action).then_refused_with(WorkerDecommissionedError, "w1")
    given(CmlWorker, registered(), decommissioned()).when(
        lambda w: w.note_reachability(Reachability.UNREACHABLE, "", NOW)
    ).then_nothing()


def test_a_held_listing_is_settled_once() -> None:
    settled = CmlWorkerHeldListingSettledDomainEvent(aggregate_id="w1", created_at=NOW, applied=True)
    given(CmlWorker, registered(), held("b", "a")).when(lambda w: w.settle_held_listing(applied=True, at=NOW)).then(
        settled
    )
    given(CmlWorker, registered()).when(lambda w: w.settle_held_listing(applied=True, at=NOW)).then_nothing()
    given(CmlWorker, registered()).when(lambda w: w.hold_listing({"b", "a"}, 9, NOW)).then(held("a", "b"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("name", "x" * 129),
        ("region", ""),
        ("max_history_size", 0),
        ("max_history_size", 1001),
        ("endpoint_url", "ftp://cml"),
        ("endpoint_url", "https://"),
        ("endpoint_url", "https://cml:0"),
        ("endpoint_url", "https://cml:99999"),
        ("endpoint_url", "https://user:secret@cml"),
        ("endpoint_url", "https://cml/?q=1"),
        ("endpoint_url", "https://[::1"),
    ],
)
def test_a_detail_that_breaks_a_rule_is_named_and_not_repeated(field: str, value: object) -> None:
    with pytest.raises(InvalidWorkerError) as caught:
        replace(DETAILS, **{field: value})  # type: ignore[arg-type]
    assert caught.value.field == field
    assert "secret" not in str(caught.value)


def test_one_cause_makes_one_alert() -> None:
    def alert() -> LabAlert:
        return LabAlert.raise_for(
            kind="lab-reset",
            worker_id="w1",
            record_id="w1.a",
            summary="wiped",
            cause_event_id="w1.a.7",
            details={},
            at=NOW,
        )

    assert alert().pending_events == alert().pending_events
    assert alert().state.id == "lab-reset.w1.a.7"
