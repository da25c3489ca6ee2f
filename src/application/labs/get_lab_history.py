"""Everything that ever happened to a lab, newest first."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.kernel.event_feed import EventStreams, RecordedFact
from application.kernel.paging import BadCursorError, Cursor, Page
from application.kernel.refusals import missing
from domain.labs.events import (
    LabRecordCreatedDomainEvent,
    LabRecordRemovedDomainEvent,
    LabRecordRestoredDomainEvent,
    LabRecordUpdatedDomainEvent,
    LabStateChangedDomainEvent,
)
from domain.labs.lab_record import LabRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class LabHistoryEntry:
    """One event of a lab. The states are None where it did not touch the state, ``by`` where no actor is known."""

    version: int
    type: str
    at: datetime
    by: str | None
    previous_state: str | None = None
    new_state: str | None = None
    changed_fields: dict[str, dict[str, Any]] = field(default_factory=dict)


class LabsEventStreams(EventStreams):
    """The streams of the labs log."""


@dataclass(frozen=True, kw_only=True)
class GetLabHistoryQuery(Query[OperationResult[Page[LabHistoryEntry]]]):
    """Get a page of a lab's history from its stream."""

    record_id: str
    limit: int
    cursor: str | None


class GetLabHistoryQueryHandler(QueryHandler[GetLabHistoryQuery, OperationResult[Page[LabHistoryEntry]]]):
    def __init__(self, streams: LabsEventStreams) -> None:
        self._streams = streams

    async def handle_async(self, request: GetLabHistoryQuery) -> OperationResult[Page[LabHistoryEntry]]:
        scope = f"history {request.record_id}"
        up_to = _version(Cursor.decode(request.cursor, scope)) if request.cursor else 0
        facts = await self._streams.read_stream_async(
            f"{LabRecord.category()}-{request.record_id}", after=up_to, limit=request.limit + 1, backwards=True
        )
        if not facts and not up_to:
            return missing("lab record", request.record_id)
        page = [_entry(fact) for fact in facts[: request.limit]]
        following = facts[request.limit].event.aggregate_version if len(facts) > request.limit else None
        return self.ok(Page(page, Cursor.encode([following], scope) if following else None))


def _version(values: tuple[object, ...]) -> int:
    if len(values) != 1 or not isinstance(values[0], int) or values[0] < 1:
        raise BadCursorError
    return values[0]


def _entry(fact: RecordedFact) -> LabHistoryEntry:
    event = fact.event
    previous: str | None = None
    new: str | None = None
    changes: dict[str, dict[str, Any]] = {}
    match event:
        case LabRecordCreatedDomainEvent():
            new = event.state
        case LabStateChangedDomainEvent():
            previous, new = event.previous_state, event.new_state
        case LabRecordUpdatedDomainEvent():
            changes = {name: {"old": c.old, "new": c.new} for name, c in event.changed_fields.items()}
        case LabRecordRemovedDomainEvent() | LabRecordRestoredDomainEvent():
            removed = isinstance(event, LabRecordRemovedDomainEvent)
            changes = {"removed": {"old": not removed, "new": removed}}
        case _:
            pass
    return LabHistoryEntry(
        version=event.aggregate_version,
        type=event.event_type,
        at=event.created_at,
        by=fact.actor,
        previous_state=previous,
        new_state=new,
        changed_fields=changes,
    )
