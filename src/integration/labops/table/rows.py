"""Rows of the table: from a commit of the log to a tuple, and from tuples to Arrow."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow

from application.labops.specimen_table import Row
from domain.kernel.domain_event import RecordedDomainEvent
from domain.kernel.stream_events import StreamDeletedDomainEvent
from domain.labops.specimen_events import (
    SpecimenCompletedDomainEvent,
    SpecimenDomainEvent,
    SpecimenFailedDomainEvent,
    SpecimenReceivedDomainEvent,
    SpecimenResultAmendedDomainEvent,
    SpecimenStartedDomainEvent,
)
from domain.labops.values import SpecimenStatus

STREAM_PREFIX = "specimen-"
_TEXT, _TIME = pyarrow.string(), pyarrow.timestamp("us")
ROW_SCHEMA = pyarrow.schema(
    [
        ("specimen_id", _TEXT),
        ("assay", _TEXT),
        ("machine_id", _TEXT),
        ("operator_id", _TEXT),
        ("status", _TEXT),
        ("error_code", _TEXT),
        ("received_at", _TIME),
        ("started_at", _TIME),
        ("processed_at", _TIME),
        ("version", pyarrow.int32()),
    ]
)
PAIR_SCHEMA = pyarrow.schema([("specimen_id", _TEXT), ("version", pyarrow.int32())])
"""Which version of which specimen is in the files or batches, and no longer true."""
COLUMNS = ", ".join(ROW_SCHEMA.names)
PAIR_COLUMNS = ", ".join(PAIR_SCHEMA.names)

_STATUS_OF: dict[type[RecordedDomainEvent], SpecimenStatus] = {
    SpecimenReceivedDomainEvent: SpecimenStatus.RECEIVED,
    SpecimenStartedDomainEvent: SpecimenStatus.IN_PROCESS,
    SpecimenCompletedDomainEvent: SpecimenStatus.COMPLETED,
    SpecimenFailedDomainEvent: SpecimenStatus.ERROR,
}
_STATUS_BY_TYPE = {kind.event_type: status.value for kind, status in _STATUS_OF.items()}
_AMENDED = SpecimenResultAmendedDomainEvent.event_type
_STATUSES = frozenset(status.value for status in SpecimenStatus)
DELETED = StreamDeletedDomainEvent.event_type


def row_of_stored(specimen_id: str, version: int, stored: Mapping[str, Any]) -> Row | None:
    """Return the row that a stored event of the newest version says; None when it has to be decoded to be known."""
    try:
        data = stored["data"]
        kind = stored["type"]
        status = _STATUS_BY_TYPE.get(kind)
        if status is None:
            status = data["status"]
            if kind != _AMENDED or status not in _STATUSES:
                return None
        assay, machine, operator = data["assay"], data["machine_id"], data["operator_id"]
        received, code = data["received_at"], data["error_code"]
        started, processed = data["started_at"], data["processed_at"]
    except (KeyError, TypeError, AttributeError):
        return None
    if (
        type(assay) is str
        and type(machine) is str
        and type(operator) is str
        and type(received) is datetime
        and (code is None or type(code) is str)
        and (started is None or type(started) is datetime)
        and (processed is None or type(processed) is datetime)
    ):
        return (specimen_id, assay, machine, operator, status, code, received, started, processed, version)
    return None


def row_of_event(specimen_id: str, version: int, event: RecordedDomainEvent) -> Row | None:
    """Return the row that a decoded event says; None when it says that the specimen is gone.

    Raises:
        ValueError: the event's status is none.
    """
    if not isinstance(event, SpecimenDomainEvent):
        return None
    if isinstance(event, SpecimenResultAmendedDomainEvent):
        status = SpecimenStatus(event.status)
    else:
        status = _STATUS_OF[type(event)]
    return (
        specimen_id,
        event.assay,
        event.machine_id,
        event.operator_id,
        status.value,
        event.error_code,
        naive_utc(event.received_at),
        naive_utc(event.started_at),
        naive_utc(event.processed_at),
        version,
    )


def naive_utc(value: Any) -> Any:
    """Return an aware time in UTC without zone, anything else as it is."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def batch_of(rows: Iterable[tuple[Any, ...]], schema: pyarrow.Schema) -> pyarrow.RecordBatch:
    """Return tuples as an Arrow batch."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pyarrow.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pyarrow.RecordBatch.from_arrays(arrays, schema=schema)
