"""Queued writes as documents of the collection ``records_outbox``, and back.

Document: ``{_id, username, lanes: [scope key], records: [id], state, items: JSON text, removals: [id], expected: JSON
text or null, action, builds_on_queued, correlation, baseline: JSON text or null, queued_at, attempts, breaks, tried_at,
written: [id], conflict_id, theirs: JSON text or null, error, expires_at}``. ``baseline`` holds, per item without an id,
the ids of equal records that were there before the first time it was sent; null while that is not known. ``breaks`` is
how often the system of record broke at it; absent in documents of earlier versions.
"""

import json
from collections.abc import Sequence
from typing import Any

from application.records.records_outbox import QueuedState, QueuedWrite
from domain.records.record_history import COLUMNS
from domain.records.values import LabsRecord, RecordItem
from integration.records.scope_keys import key_of

Document = dict[str, Any]


def document_of(write: QueuedWrite, correlation: str) -> Document:
    """Return the document of a new write."""
    return {
        "_id": write.id,
        "username": write.username,
        "lanes": lanes_of(write),
        "records": records_of(write),
        "state": write.state.value,
        "items": items_text(write.items),
        "removals": list(write.removals),
        "expected": record_text(write.expected),
        "action": write.action,
        "builds_on_queued": write.builds_on_queued,
        "correlation": correlation,
        "baseline": None,
        "queued_at": write.queued_at,
        "attempts": 0,
        "breaks": 0,
        "tried_at": None,
        "written": [],
        "conflict_id": None,
        "theirs": None,
        "error": None,
        "expires_at": None,
    }


def write_of(document: Document) -> QueuedWrite:
    """Return the write that a document holds."""
    return QueuedWrite(
        id=document["_id"],
        username=document["username"],
        items=tuple(
            RecordItem(one["id"], one["fields"], _record(one["expected"])) for one in json.loads(document["items"])
        ),
        removals=tuple(document["removals"]),
        expected=_record_in(document["expected"]),
        action=document["action"],
        builds_on_queued=document.get("builds_on_queued", False),
        state=QueuedState(document["state"]),
        queued_at=document["queued_at"],
        attempts=document["attempts"],
        tried_at=document["tried_at"],
        written=tuple(document["written"]),
        conflict_id=document["conflict_id"],
        theirs=_record_in(document["theirs"]),
        error=document["error"],
    )


def lanes_of(write: QueuedWrite) -> list[str]:
    """Return the scopes that a write touches: within each, one person's writes go in order."""
    scopes = [item.expected.scope if item.expected is not None else item.scope for item in write.items]
    if write.expected is not None:
        scopes.append(write.expected.scope)
    return sorted({key_of(scope) for scope in scopes}) or [""]


def records_of(write: QueuedWrite) -> list[int]:
    """Return the ids of the records that a write changes or removes."""
    return sorted({*write.removals, *(item.id for item in write.items if item.id is not None)})


def items_text(items: Sequence[RecordItem]) -> str:
    """Return items as JSON text."""
    told = [{"id": one.id, "fields": dict(one.fields), "expected": _shape(one.expected)} for one in items]
    return json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def record_text(record: LabsRecord | None) -> str | None:
    """Return a record as JSON text."""
    if record is None:
        return None
    return json.dumps(_shape(record), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _shape(record: LabsRecord | None) -> dict[str, Any] | None:
    if record is None:
        return None
    return {"id": record.id, "data": record.data, **{name: record.value_of(name) for name in COLUMNS}}


def _record(told: dict[str, Any] | None) -> LabsRecord | None:
    return None if told is None else LabsRecord(**told)


def _record_in(text: str | None) -> LabsRecord | None:
    return None if text is None else _record(json.loads(text))
