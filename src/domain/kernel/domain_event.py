"""The base of all domain events: aware times, an identity, a stable stored type name."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, TypeVar, dataclass_transform

from neuroglia.data.abstractions import DomainEvent


@dataclass(kw_only=True)
class RecordedDomainEvent(DomainEvent[str]):
    """A past fact about one aggregate.

    Attributes:
        aggregate_id: id of the aggregate that recorded it.
        created_at: when it happened, aware UTC, given by whoever asked for the decision.
        event_id: ``<aggregate id>.<version>``; unique, and the same on every redelivery. Empty until recorded.
        aggregate_version: the aggregate's version after this event, from 1. 0 until recorded.
    """

    event_type: ClassVar[str]
    """Stable name and version under which it is stored, e.g. ``labs.lab-record-created.v1``."""

    aggregate_id: str
    created_at: datetime
    event_id: str = ""
    aggregate_version: int = 0


ENVELOPE_FIELDS = frozenset({"aggregate_id", "created_at", "event_id", "aggregate_version"})
"""Fields that the store keeps outside the event's own data."""

TEvent = TypeVar("TEvent", bound=RecordedDomainEvent)


@dataclass_transform(kw_only_default=True)
def domain_event(event_type: str) -> Callable[[type[TEvent]], type[TEvent]]:
    """Make a class body that lists fields into a stored domain event.

    Args:
        event_type: ``<context>.<past-tense-fact>.v<number>``. Once stored it never changes its meaning:
            a new shape gets a new version and an upcaster.
    """

    def decorate(cls: type[TEvent]) -> type[TEvent]:
        decorated = dataclass(kw_only=True)(cls)
        decorated.event_type = event_type
        return decorated

    return decorate
