"""The simulated laboratory of the demo goes on after a restart as if nobody had been away."""

from datetime import UTC, datetime, timedelta
from typing import Any

from cli.demo_laboratory import Laboratory, is_ours
from domain.labops.specimen import Specimen
from domain.labops.values import SpecimenReading, SpecimenStatus

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENDED = BEGAN + timedelta(minutes=10)
AGAIN = BEGAN + timedelta(hours=1)


def reading_of(said: dict[str, Any]) -> SpecimenReading:
    times = {name: datetime.fromisoformat(text) for name, text in said.items() if name.endswith("_at")}
    return SpecimenReading(**{"error_code": None, **said, **times, "status": SpecimenStatus(said["status"])})


def told_until(laboratory: Laboratory, now: datetime, known: dict[str, Specimen]) -> list[dict[str, Any]]:
    news = laboratory.readings_until(now)
    for said in news:
        if said["specimen_id"] in known:
            known[said["specimen_id"]].take(reading_of(said), now)
        else:
            known[said["specimen_id"]] = Specimen.receive(reading_of(said), now)
    return news


def shown(specimen: Specimen) -> dict[str, Any]:
    """Return a specimen as the API lists it."""
    state = specimen.state
    names = ("assay", "machine_id", "operator_id", "status", "error_code")
    times = {"received_at": state.received_at, "started_at": state.started_at, "processed_at": state.processed_at}
    return {
        "specimen_id": state.id,
        **{name: getattr(state, name) for name in names},
        **{name: at and at.isoformat() for name, at in times.items()},
    }


def test_what_was_under_way_gets_its_result_and_does_not_fail_all_at_once() -> None:
    known: dict[str, Specimen] = {}
    first = Laboratory(BEGAN, 1)
    for second in range(0, 601, 5):
        told_until(first, BEGAN + timedelta(seconds=second), known)
    left_behind = [shown(one) for one in known.values() if not one.state.status.ended]
    assert len(left_behind) > 100

    second_one = Laboratory(AGAIN, 2, ENDED, left_behind)
    told_until(second_one, AGAIN, known)

    ended = [known[one["specimen_id"]].state for one in left_behind]
    assert all(one.status.ended for one in ended)
    failed = sum(one.status is SpecimenStatus.ERROR for one in ended)
    assert failed < len(ended) * 0.1
    assert all(one.processed_at < AGAIN for one in ended if one.processed_at is not None)


def test_specimens_that_people_brought_are_left_to_them() -> None:
    [theirs, ours] = (
        {"specimen_id": specimen_id, "received_at": "2026-03-01T12:00:00Z"}
        for specimen_id in ("SP000123", f"SP{int(BEGAN.timestamp() * 1000)}")
    )
    assert (is_ours(theirs), is_ours(ours)) == (False, True)
