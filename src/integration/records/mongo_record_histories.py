"""Histories of records from their streams in the log."""

from dataclasses import replace

from application.contracts.memberships import MembershipDirectory
from application.kernel.event_feed import RecordedFact
from application.records.record_histories import RecordHistories, RecordHistoryEntry
from domain.records.events import (
    LabsRecordChangedDomainEvent,
    LabsRecordCreatedDomainEvent,
    LabsRecordRemovedDomainEvent,
)
from domain.records.record_access import Includes, may_hear, may_see
from domain.records.record_history import LabsRecordHistory
from domain.records.values import MAX_ID, LabsRecord
from integration.mongo.events.event_store import MongoEventStore
from integration.records.labs_records_projector import document_after
from integration.records.record_documents import Document, record_of
from integration.records.record_reader import RecordReader

AT_ONCE = 20
"""Events read in one go: each may bring megabytes along."""
_REMOVED = "removed"


class MongoRecordHistories(RecordHistories):
    """Reads streams backwards for entries, forwards for versions."""

    def __init__(self, store: MongoEventStore, reader: RecordReader, memberships: MembershipDirectory) -> None:
        self._store = store
        self._reader = reader
        self._memberships = memberships

    async def entries_async(
        self, username: str, record_id: int, *, limit: int, before: int | None = None
    ) -> list[RecordHistoryEntry] | None:
        document, since = await self._visible_async(username, record_id)
        if document is None:
            return None
        up_to = before - 1 if before is not None else 0
        if limit <= 0 or (before is not None and up_to < since):
            return []
        entries: list[RecordHistoryEntry] = []
        while len(entries) < limit:
            size = min(limit - len(entries), AT_ONCE)
            facts = await self._store.read_stream_async(_stream(record_id), after=up_to, limit=size, backwards=True)
            known = [fact for fact in facts if fact.event.aggregate_version >= since]
            entries += [_entry(fact) for fact in known]
            if len(known) < size or known[-1].event.aggregate_version == 1:
                break
            up_to = known[-1].event.aggregate_version - 1
        return entries

    async def at_version_async(self, username: str, record_id: int, version: int) -> LabsRecord | None:
        document, since = await self._visible_async(username, record_id)
        if document is None or version < since:
            return None
        if version == document["version"] and _REMOVED not in document:
            return record_of(document)
        history = LabsRecordHistory()
        while history.state.state_version < version:
            reached = history.state.state_version
            size = min(version - reached, AT_ONCE)
            facts = await self._store.read_stream_async(_stream(record_id), after=reached, limit=size)
            if not facts:
                return None
            history.replay(fact.event for fact in facts if fact.event.aggregate_version <= version)
        return history.state.record

    async def version_async(self, username: str, record_id: int) -> int | None:
        document, _ = await self._visible_async(username, record_id)
        return document["version"] if document is not None else None

    async def _visible_async(self, username: str, record_id: int) -> tuple[Document | None, int]:
        """Return the record if they may see it, and the version with which its history begins for them."""
        includes = (await self._memberships.of_async(username)).include
        document = await self._reader.document_async(record_id)
        if document is None:
            document = await self._removed_async(record_id, includes)
        if document is None:
            return None, 0
        record = record_of(document)
        if may_see(replace(record, public=False), includes):
            return document, document["since"]
        if not record.public:
            return None, 0
        # Whoever sees it only because it is public does not see what it was before. Documents of an older shape, which
        # are read until the model is rebuilt, do not know since when it is.
        return document, max(document["since"], document.get("public_since", document["version"]))

    async def _removed_async(self, record_id: int, includes: Includes) -> Document | None:
        """Return what a removed record was, in the version of its removal; None unless they could see it then."""
        if not 1 <= record_id <= MAX_ID:
            return None
        stream = _stream(record_id)
        last = [fact.event for fact in await self._store.read_stream_async(stream, limit=1, backwards=True)]
        if not last or not isinstance(last[0], LabsRecordRemovedDomainEvent) or not may_hear(last[0], includes):
            return None
        document: Document | None = None
        version, removed_at = 0, last[0].aggregate_version
        while version < removed_at - 1:
            size = min(removed_at - 1 - version, AT_ONCE)
            for fact in await self._store.read_stream_async(stream, after=version, limit=size):
                document = document_after(document, fact.event)
            version += size
        return None if document is None else {**document, "version": removed_at, _REMOVED: True}


def _stream(record_id: int) -> str:
    return f"{LabsRecordHistory.category()}-{record_id}"


def _entry(fact: RecordedFact) -> RecordHistoryEntry:
    event = fact.event
    assert isinstance(event, LabsRecordCreatedDomainEvent | LabsRecordChangedDomainEvent | LabsRecordRemovedDomainEvent)
    return RecordHistoryEntry(
        version=event.aggregate_version,
        type=event.event_type,
        at=event.created_at,
        by=fact.actor,
        action="" if isinstance(event, LabsRecordRemovedDomainEvent) else event.action,
        origin=event.origin,
        changed=tuple(event.changed) if isinstance(event, LabsRecordChangedDomainEvent) else (),
    )
