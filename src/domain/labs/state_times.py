"""How long a lab was in each state: arithmetic over its events, nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.kernel.domain_event import RecordedDomainEvent
from domain.labs.events import (
    LabRecordCreatedDomainEvent,
    LabRecordRemovedDomainEvent,
    LabRecordRestoredDomainEvent,
    LabStateChangedDomainEvent,
)

REMOVED = "REMOVED"
"""Stands for the state while a lab was gone from its controller."""


@dataclass(frozen=True, slots=True)
class StateTimes:
    """Result over a window.

    Attributes:
        start, end: the window, cut to the time since the lab was first seen.
        time_in_state: by state, ``REMOVED`` while the lab was gone; adds up to the whole time from start to end. Where
            that is none, the last state stands alone.
        transitions: changes of state inside the window.
        last_changed_at: time of the last event of any kind up to the end.
    """

    start: datetime
    end: datetime
    time_in_state: dict[str, timedelta]
    transitions: int
    last_changed_at: datetime

    def shares(self) -> dict[str, float]:
        """Return the share of each state; they add up to 1."""
        total = sum(self.time_in_state.values(), timedelta())
        if not total:
            return dict.fromkeys(self.time_in_state, 1.0)
        return {state: spent / total for state, spent in self.time_in_state.items()}


def state_times(events: Iterable[RecordedDomainEvent], start: datetime, end: datetime) -> StateTimes | None:
    """Add up the time in each state between two moments.

    Args:
        events: of one lab, oldest first.

    Returns:
        None when the lab was first seen after ``end``.
    """
    spent: dict[str, timedelta] = {}
    state, removed = "", False
    since = start
    first_seen: datetime | None = None
    transitions = 0
    changed_at: datetime | None = None
    for event in events:
        at = event.created_at
        if at > end:
            break
        changed_at = at
        if first_seen is not None:
            since = _close(spent, REMOVED if removed else state, since, at)
        if isinstance(event, LabRecordCreatedDomainEvent):
            first_seen, state = at, event.state
            since = max(at, start)
        elif isinstance(event, LabStateChangedDomainEvent):
            state = event.new_state
            transitions += at >= start
        elif isinstance(event, LabRecordRemovedDomainEvent):
            removed = True
        elif isinstance(event, LabRecordRestoredDomainEvent):
            removed = False
    if first_seen is None or changed_at is None:
        return None
    now = REMOVED if removed else state
    _close(spent, now, since, end)
    return StateTimes(max(start, first_seen), end, spent or {now: timedelta()}, transitions, changed_at)


def _close(spent: dict[str, timedelta], state: str, since: datetime, until: datetime) -> datetime:
    if until > since:
        spent[state] = spent.get(state, timedelta()) + (until - since)
    return max(since, until)
