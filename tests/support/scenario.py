"""Given past events, when something is asked of an aggregate, then these are the new events."""

from collections.abc import Callable
from typing import Any

import pytest

from domain.kernel.aggregate import Aggregate
from domain.kernel.domain_event import RecordedDomainEvent


class Scenario:
    """An aggregate rebuilt from past events, and what one action does to it."""

    def __init__(self, aggregate: Aggregate[Any]) -> None:
        self._aggregate = aggregate
        self._action: Callable[[Any], object] = lambda _aggregate: None

    def when(self, action: Callable[[Any], object]) -> "Scenario":
        """Name the action; it happens in the ``then``."""
        self._action = action
        return self

    def then(self, *expected: RecordedDomainEvent) -> Any:
        """Check that exactly these events are recorded, in order; return the aggregate."""
        version = self._aggregate.state.state_version
        for number, event in enumerate(expected, version + 1):
            event.aggregate_version = number
            event.event_id = f"{event.aggregate_id}.{number}"
        self._action(self._aggregate)
        assert self._aggregate.pending_events == list(expected)
        return self._aggregate

    def then_nothing(self) -> Any:
        """Check that nothing is recorded."""
        return self.then()

    def then_refused_with(self, error: type[Exception], match: str | None = None) -> None:
        """Check that the action is refused and records nothing."""
        with pytest.raises(error, match=match):
            self._action(self._aggregate)
        assert self._aggregate.pending_events == []


def given(kind: type[Aggregate[Any]], *past: RecordedDomainEvent) -> Scenario:
    """Rebuild an aggregate from past events."""
    aggregate = kind()
    for number, event in enumerate(past, 1):
        event.aggregate_version = number
        event.event_id = f"{event.aggregate_id}.{number}"
    aggregate.replay(past)
    return Scenario(aggregate)
