"""The read model ``labs_records``: one document per living record, indexed for whatever is looked for in it.

See ``record_documents`` for the document.
"""

from collections.abc import Sequence
from typing import Any

from application.kernel.event_feed import RecordedFact
from application.kernel.subscriptions import Projector
from domain.kernel.domain_event import RecordedDomainEvent
from domain.kernel.stream_events import StreamDeletedDomainEvent
from domain.records.events import (
    LabsRecordChangedDomainEvent,
    LabsRecordCreatedDomainEvent,
    LabsRecordRemovedDomainEvent,
)
from domain.records.record_history import COLUMNS
from domain.records.values import SCOPE_FIELDS
from integration.mongo.bulk_writes import read_documents_async, write_documents_async
from integration.records.index_tokens import tokens_of
from integration.records.record_documents import Document, record_of

NAME = "labs_records"
LOG = "records"


class LabsRecordsProjector(Projector):
    """Keeps ``labs_records``."""

    name = NAME
    log = LOG
    version = 2
    event_types = frozenset(
        event.event_type
        for event in (
            LabsRecordCreatedDomainEvent,
            LabsRecordChangedDomainEvent,
            LabsRecordRemovedDomainEvent,
            StreamDeletedDomainEvent,
        )
    )

    async def prepare_async(self, target: Any) -> None:
        # Each holds only the records of its kind of scope: most records have one or two of the four.
        for name in (*SCOPE_FIELDS, "public"):
            only = {name: True if name == "public" else {"$gt": 0}}
            await target.create_index([(name, 1), ("_id", 1)], name=name, partialFilterExpression=only)
            await target.create_index(
                [(name, 1), ("tokens", 1), ("_id", 1)], name=f"{name}_tokens", partialFilterExpression=only
            )
        await target.create_index(
            "labs_record_id", name="children", partialFilterExpression={"labs_record_id": {"$gt": 0}}
        )

    async def project_async(self, facts: Sequence[RecordedFact], target: Any, session: Any) -> None:
        events = [fact.event for fact in facts]
        born = {event.aggregate_id for event in events if isinstance(event, LabsRecordCreatedDomainEvent)}
        needed = sorted(
            {
                int(event.aggregate_id)
                for event in events
                if isinstance(event, LabsRecordChangedDomainEvent) and event.aggregate_id not in born
            }
        )
        documents = await read_documents_async(target, needed, session)
        touched: set[str] = set()
        gone: set[str] = set()
        for event in events:
            key = event.aggregate_id
            after = document_after(documents.pop(key, None), event)
            touched.discard(key)
            if after is None:
                gone.add(key)
                continue
            documents[key] = after
            touched.add(key)
            gone.discard(key)
        changed = [documents[key] for key in touched]
        for document in changed:
            document["tokens"] = tokens_of(record_of(document))
        await write_documents_async(target, new=(), changed=changed, gone=[int(key) for key in gone], session=session)


def document_after(before: Document | None, event: RecordedDomainEvent) -> Document | None:
    """Return a record's document without its tokens after an event; None when there is no record then."""
    match event:
        case LabsRecordCreatedDomainEvent():
            document: Document = {"_id": int(event.aggregate_id)}
            document.update((name, getattr(event, name)) for name in COLUMNS)
            version = event.aggregate_version
            document.update(data=event.data, version=version, since=version, public_since=version)
            return document
        case LabsRecordChangedDomainEvent() if before is not None:
            document = {**before, **event.fields, "version": event.aggregate_version}
            if event.data is not None:
                document["data"] = event.data
            if any(name in event.fields for name in SCOPE_FIELDS):
                document["since"] = event.aggregate_version
            if event.fields.get("public"):
                document["public_since"] = event.aggregate_version
            return document
        case _:
            return None
