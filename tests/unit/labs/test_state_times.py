"""How long a lab was in each state."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel.domain_event import RecordedDomainEvent
from domain.labs.events import LabStateChangedDomainEvent
from domain.labs.lab_record import LabRecord
from domain.labs.state_times import state_times
from domain.labs.values import LabId, LabSnapshot, RemovalReason

START = datetime(2026, 3, 1, tzinfo=UTC)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def story(*steps: tuple[float, str]) -> list[RecordedDomainEvent]:
    """Return the events of a lab that went through states, ``-`` standing for removed."""
    (first, state), *rest = steps
    lab = LabRecord.create("w1", LabSnapshot(lab_id=LabId("l"), title="t", state=state), at(first))
    for hours, what in rest:
        if what == "-":
            if not lab.state.removed:
                lab.remove(at(hours), RemovalReason.MISSING_FROM_LISTING)
        else:
            lab.update_from_cml(LabSnapshot(lab_id=LabId("l"), title="t", state=what), at(hours))
    return lab.pending_events


def test_time_is_added_up_per_state() -> None:
    times = state_times(story((0, "A"), (2, "B"), (5, "A")), at(0), at(10))
    assert times is not None
    assert times.time_in_state == {"A": timedelta(hours=7), "B": timedelta(hours=3)}
    assert times.shares() == {"A": 0.7, "B": 0.3}
    assert (times.transitions, times.last_changed_at) == (2, at(5))


def test_the_window_starts_no_earlier_than_the_lab() -> None:
    times = state_times(story((6, "A"), (8, "B")), at(0), at(10))
    assert times is not None
    assert (times.start, times.end) == (at(6), at(10))
    assert times.shares() == {"A": 0.5, "B": 0.5}


def test_time_before_the_window_does_not_count() -> None:
    times = state_times(story((0, "A"), (2, "B"), (9, "A")), at(8), at(10))
    assert times is not None
    assert times.shares() == {"A": 0.5, "B": 0.5}
    assert times.transitions == 1


def test_time_while_removed_is_a_state_of_its_own() -> None:
    times = state_times(story((0, "A"), (2, "-"), (8, "B")), at(0), at(10))
    assert times is not None
    assert times.time_in_state == {"A": timedelta(hours=2), "REMOVED": timedelta(hours=6), "B": timedelta(hours=2)}
    assert times.shares() == {"A": 0.2, "REMOVED": 0.6, "B": 0.2}
    assert times.transitions == 1


def test_a_lab_that_was_gone_all_the_time_was_removed_all_the_time() -> None:
    times = state_times(story((0, "A"), (2, "-")), at(5), at(10))
    assert times is not None
    assert times.time_in_state == {"REMOVED": timedelta(hours=5)}
    assert times.shares() == {"REMOVED": 1}


def test_a_lab_seen_this_very_moment_has_its_state() -> None:
    times = state_times(story((3, "A")), at(0), at(3))
    assert times is not None
    assert (times.time_in_state, times.shares()) == ({"A": timedelta()}, {"A": 1})


def test_a_lab_that_came_later_has_no_times() -> None:
    assert state_times(story((11, "A")), at(0), at(10)) is None
    assert state_times([], at(0), at(10)) is None


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 100), st.sampled_from(["A", "B", "C", "-"])), max_size=12),
    st.floats(0, 100),
    st.floats(0, 100),
)
def test_shares_add_up_to_one(steps: list[tuple[float, str]], one: float, other: float) -> None:
    events: list[Any] = story((0, "A"), *sorted(steps))
    start, end = at(min(one, other)), at(max(one, other))
    times = state_times(events, start, end)
    assert times is not None
    assert all(spent >= timedelta() for spent in times.time_in_state.values())
    assert sum(times.time_in_state.values(), timedelta()) == times.end - times.start == end - start
    assert sum(times.shares().values()) == pytest.approx(1)
    assert times.transitions <= sum(isinstance(event, LabStateChangedDomainEvent) for event in events)
