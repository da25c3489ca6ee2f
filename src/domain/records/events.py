"""The facts of the records context. Stored names never change; a new shape is a new version with an upcaster.

``data`` is stored as JSON text: exactly what was given, whatever its keys are called.
"""

from dataclasses import field
from typing import Any

from domain.kernel.domain_event import RecordedDomainEvent, domain_event
from domain.records.values import RecordOrigin


@domain_event("records.labs-record-created.v1")
class LabsRecordCreatedDomainEvent(RecordedDomainEvent):
    """A record came to be, or was seen for the first time."""

    experiment: str
    type: str
    data: str
    username: str | None
    opportunity_id: int | None
    organization_id: int | None
    program_id: int | None
    labs_record_id: int | None
    public: bool
    action: str = ""
    origin: RecordOrigin


@domain_event("records.labs-record-changed.v1")
class LabsRecordChangedDomainEvent(RecordedDomainEvent):
    """Fields of a record changed.

    Attributes:
        experiment, type, opportunity_id, organization_id, program_id, public: as they are now, changed or not: who
            hears of it can tell what it is, and whose.
        fields: the new value of each changed field but ``data``.
        data: the new data as JSON text; None when it did not change.
        changed: names of what changed; what changed in data as ``data.<key>`` of its outermost keys, those with a
            dot in quotes as in filters (``data."a.b"``), or as ``data``
            when these are too many or too long to be named.
        action: what was done, e.g. ``tasks.assigned``; empty for a plain write.
    """

    experiment: str
    type: str
    opportunity_id: int | None
    organization_id: int | None
    program_id: int | None
    public: bool
    fields: dict[str, Any] = field(default_factory=dict)
    data: str | None = None
    changed: list[str] = field(default_factory=list)
    action: str = ""
    origin: RecordOrigin


@domain_event("records.labs-record-removed.v1")
class LabsRecordRemovedDomainEvent(RecordedDomainEvent):
    """A record was removed.

    Attributes:
        experiment, type, opportunity_id, organization_id, program_id, public: as they were.
        because_of: the removed parent that took it along; None if it was meant itself.
    """

    experiment: str
    type: str
    opportunity_id: int | None
    organization_id: int | None
    program_id: int | None
    public: bool
    because_of: int | None
    origin: RecordOrigin


RECORDS_EVENTS: tuple[type[RecordedDomainEvent], ...] = (
    LabsRecordCreatedDomainEvent,
    LabsRecordChangedDomainEvent,
    LabsRecordRemovedDomainEvent,
)
"""The catalogue of the records log."""
