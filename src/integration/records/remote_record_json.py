"""Records as the system of record sends and takes them."""

from typing import Any

from domain.records.values import LabsRecord, RecordItem

_TEXT = (str, type(None))
_NUMBER = (int, type(None))
_FLAG = (bool,)


class NotARecordError(ValueError):
    """What the wire brought is no record, or no list of them."""


def record_from(told: Any) -> LabsRecord:
    """Return the record that an object of the wire describes; fields that we do not know are ignored.

    Raises:
        NotARecordError: it describes none.
    """
    if not isinstance(told, dict):
        raise NotARecordError("a record must be an object")
    get = told.get
    record = LabsRecord(
        id=get("id"),  # type: ignore[arg-type]  # checked below, as the rest is
        experiment=get("experiment"),  # type: ignore[arg-type]
        type=get("type"),  # type: ignore[arg-type]
        data=get("data"),
        username=get("username"),
        opportunity_id=get("opportunity_id"),
        organization_id=get("organization_id"),
        program_id=get("program_id"),
        labs_record_id=get("labs_record_id"),
        public=get("public", False),
    )
    if not (
        type(record.id) is int
        and type(record.experiment) is str
        and type(record.type) is str
        and type(record.username) in _TEXT
        and type(record.opportunity_id) in _NUMBER
        and type(record.organization_id) in _NUMBER
        and type(record.program_id) in _NUMBER
        and type(record.labs_record_id) in _NUMBER
        and type(record.public) in _FLAG
        and record.data is not None
    ):
        raise NotARecordError(f"record {record.id!r} is not complete")
    return record


def records_from(told: Any) -> list[LabsRecord]:
    """Return the records of a list, each id once, in the order of the ids.

    Raises:
        NotARecordError: it is no list of records.
    """
    if not isinstance(told, list):
        raise NotARecordError("the answer is no list of records")
    by_id = {record.id: record for record in map(record_from, told)}
    return [by_id[record_id] for record_id in sorted(by_id)]


def item_for_wire(item: RecordItem) -> dict[str, Any]:
    """Return what is sent for an item of a batch."""
    return dict(item.fields) if item.id is None else {"id": item.id, **item.fields}
