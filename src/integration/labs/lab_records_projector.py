"""The read model ``lab_records``: one document per lab, with the ring of its last operations.

Document: ``{_id: record id, worker_id, lab_id, title, description, notes, state, owner_id, owner_username, owner,
node_count, link_count, groups, cml_created_at, modified_at, first_seen_at, removed, removed_at, max_history_size,
version, operation_history: [{timestamp, previous_state, new_state, changed_fields: {name: {old, new}}}], search}``.
The ring is oldest first; ``search`` is what text is looked for in.
"""

from collections.abc import Callable, Sequence
from typing import Any

from application.kernel.event_feed import RecordedFact
from application.kernel.subscriptions import Projector
from domain.kernel.domain_event import RecordedDomainEvent
from domain.kernel.field_change import FieldChange
from domain.kernel.stream_events import StreamDeletedDomainEvent
from domain.labs.events import (
    CmlWorkerDetailsChangedDomainEvent,
    LabRecordCreatedDomainEvent,
    LabRecordRemovedDomainEvent,
    LabRecordRestoredDomainEvent,
    LabRecordUpdatedDomainEvent,
    LabStateChangedDomainEvent,
)
from domain.labs.values import LabOperation
from integration.labs.lab_documents import operation_document
from integration.mongo.bulk_writes import read_documents_async, update_where_async, write_documents_async

Document = dict[str, Any]


class LabRecordsProjector(Projector):
    """Keeps ``lab_records``."""

    name = "lab_records"
    log = "labs"
    version = 1
    event_types = frozenset(
        event.event_type
        for event in (
            LabRecordCreatedDomainEvent,
            LabRecordUpdatedDomainEvent,
            LabStateChangedDomainEvent,
            LabRecordRemovedDomainEvent,
            LabRecordRestoredDomainEvent,
            CmlWorkerDetailsChangedDomainEvent,
            StreamDeletedDomainEvent,
        )
    )

    async def prepare_async(self, target: Any) -> None:
        await target.create_index([("worker_id", 1), ("lab_id", 1)], unique=True, name="worker_lab")
        for field in ("title", "state", "owner_username", "node_count", "link_count", "cml_created_at", "modified_at"):
            await target.create_index([(field, 1), ("_id", 1)], name=field)

    async def project_async(self, facts: Sequence[RecordedFact], target: Any, session: Any) -> None:
        batch = _Batch(target, session)
        await batch.load_async(facts)
        for fact in facts:
            event = fact.event
            if isinstance(event, CmlWorkerDetailsChangedDomainEvent):
                if "max_history_size" in event.changed_fields:
                    await batch.store_async()
                    await _resize_rings_async(target, event, session)
                    await batch.load_async(facts)
            elif isinstance(event, StreamDeletedDomainEvent):
                batch.forget(event.aggregate_id)
            else:
                batch.apply(fact)
        await batch.store_async()


class _Batch:
    """Documents on their way through a batch of facts."""

    def __init__(self, target: Any, session: Any) -> None:
        self._target = target
        self._session = session
        self._documents: dict[str, Document] = {}
        self._stored: set[str] = set()
        self._touched: set[str] = set()
        self._gone: set[str] = set()
        self._last_commit: dict[str, int] = {}

    async def load_async(self, facts: Sequence[RecordedFact]) -> None:
        born = {fact.event.aggregate_id for fact in facts if isinstance(fact.event, LabRecordCreatedDomainEvent)}
        changed = {fact.event.aggregate_id for fact in facts if type(fact.event) in _APPLY}
        ids = (changed - born) | self._stored
        self._documents = await read_documents_async(self._target, sorted(ids), self._session)
        self._stored |= set(self._documents)

    def apply(self, fact: RecordedFact) -> None:
        event = fact.event
        key = event.aggregate_id
        if isinstance(event, LabRecordCreatedDomainEvent):
            self._documents[key] = _created(event)
        elif key in self._documents:
            document = self._documents[key]
            same_commit = self._last_commit.get(key) == fact.position
            _APPLY[type(event)](document, event, same_commit)
            document["version"] = event.aggregate_version
            document["operation_history"] = document["operation_history"][-document["max_history_size"] :]
        else:
            return
        self._last_commit[key] = fact.position
        self._touched.add(key)
        self._gone.discard(key)

    def document_of(self, key: str) -> Document | None:
        return self._documents.get(key)

    def forget(self, key: str) -> None:
        self._documents.pop(key, None)
        self._touched.discard(key)
        self._gone.add(key)

    async def store_async(self) -> None:
        new = [self._documents[key] for key in self._touched if key not in self._stored]
        changed = [self._documents[key] for key in self._touched if key in self._stored]
        await write_documents_async(self._target, new=new, changed=changed, gone=self._gone, session=self._session)
        self._stored |= self._touched
        self._touched.clear()
        self._gone.clear()


def document_after(facts: Sequence[RecordedFact]) -> Document | None:
    """Return the document that facts of one lab, oldest first, lead to; None when there are none or it was erased."""
    batch = _Batch(None, None)
    for fact in facts:
        if isinstance(fact.event, StreamDeletedDomainEvent):
            return None
        batch.apply(fact)
    return batch.document_of(facts[0].event.aggregate_id) if facts else None


async def _resize_rings_async(target: Any, event: CmlWorkerDetailsChangedDomainEvent, session: Any) -> None:
    size = event.changed_fields["max_history_size"].new
    ring = {"$slice": ["$operation_history", -size]}
    change = {"$set": {"max_history_size": size, "operation_history": ring}}
    await update_where_async(target, {"worker_id": event.aggregate_id}, [change], session)


def _created(event: LabRecordCreatedDomainEvent) -> Document:
    document = {
        "_id": event.aggregate_id,
        "worker_id": event.worker_id,
        "lab_id": event.lab_id,
        "title": event.title,
        "description": event.description,
        "notes": event.notes,
        "state": event.state,
        "owner_id": event.owner_id,
        "owner_username": event.owner_username,
        "owner": event.owner_fullname,
        "node_count": event.node_count,
        "link_count": event.link_count,
        "groups": event.groups,
        "cml_created_at": event.cml_created_at,
        "modified_at": event.cml_modified_at,
        "first_seen_at": event.created_at,
        "removed": False,
        "removed_at": None,
        "max_history_size": event.max_history_size,
        "version": event.aggregate_version,
        "operation_history": [],
    }
    document["search"] = _search_text(document)
    return document


def _updated(document: Document, event: LabRecordUpdatedDomainEvent, _same_commit: bool) -> None:
    for name, change in event.changed_fields.items():
        document[name] = change.new
    document["modified_at"] = event.cml_modified_at
    document["search"] = _search_text(document)
    _add_operation(document, event, document["state"], document["state"], event.changed_fields)


def _state_changed(document: Document, event: LabStateChangedDomainEvent, same_commit: bool) -> None:
    document["state"] = event.new_state
    document["modified_at"] = event.cml_modified_at
    ring = document["operation_history"]
    if same_commit and ring:
        ring[-1].update(previous_state=event.previous_state, new_state=event.new_state)
    else:
        _add_operation(document, event, event.previous_state, event.new_state, {})


def _removed(document: Document, event: LabRecordRemovedDomainEvent, _same_commit: bool) -> None:
    document["removed"] = True
    document["removed_at"] = event.created_at
    _add_operation(document, event, document["state"], document["state"], {"removed": FieldChange(False, True)})


def _restored(document: Document, event: LabRecordRestoredDomainEvent, _same_commit: bool) -> None:
    document["removed"] = False
    document["removed_at"] = None
    _add_operation(document, event, document["state"], document["state"], {"removed": FieldChange(True, False)})


def _add_operation(
    document: Document,
    event: RecordedDomainEvent,
    previous_state: str,
    new_state: str,
    changes: dict[str, FieldChange],
) -> None:
    operation = LabOperation(event.created_at, previous_state, new_state, changes)
    document["operation_history"].append(operation_document(operation))


def _search_text(document: Document) -> str:
    return "\n".join((document["title"], document["description"], document["notes"])).casefold()


_APPLY: dict[type, Callable[..., None]] = {
    LabRecordUpdatedDomainEvent: _updated,
    LabStateChangedDomainEvent: _state_changed,
    LabRecordRemovedDomainEvent: _removed,
    LabRecordRestoredDomainEvent: _restored,
}
