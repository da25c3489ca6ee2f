"""A conflict settled in favour of what was queued: the write as it is to be sent over what is there."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from application.records.records_outbox import QueuedWrite
from domain.records.kinds.registry import kind_of
from domain.records.record_batches import led_to
from domain.records.values import LabsRecord, RecordItem

_WHOLE = (
    "experiment",
    "type",
    "data",
    "username",
    "opportunity_id",
    "organization_id",
    "program_id",
    "labs_record_id",
    "public",
)


def written_over(write: QueuedWrite) -> tuple[list[RecordItem], LabsRecord | None]:
    """Return a write that is sent over what is there now; what is gone is made anew."""
    theirs = write.theirs
    items: list[RecordItem] = []
    for item in write.items:
        if item.id != write.conflict_id or item.expected is None:
            items.append(item)
        elif theirs is not None:
            items.append(replace(item, expected=theirs, fields=_fields_over(item, item.expected, theirs)))
        else:
            whole: Any = led_to(item, item.expected)
            names = [name for name in _WHOLE if whole.value_of(name) is not None]
            items.append(RecordItem(None, {name: whole.value_of(name) for name in names}))
    return items, theirs if write.expected is not None else None


def _fields_over(item: RecordItem, before: LabsRecord, theirs: LabsRecord) -> Mapping[str, Any]:
    kind = kind_of(theirs.experiment, theirs.type)
    if kind is None or "data" not in item.fields:
        return item.fields
    return {**item.fields, "data": kind.written_over(before, item.fields["data"], theirs)}
