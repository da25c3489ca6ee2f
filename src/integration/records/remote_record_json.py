"""Records as the system of record sends and takes them."""

from typing import Any

from domain.records.values import SCOPE_FIELDS, LabsRecord, RecordItem

_NUMBERS = (*SCOPE_FIELDS, "labs_record_id")


class NotARecordError(ValueError):
    """What the wire brought is no record, or no list of them."""


def record_from(told: Any) -> LabsRecord:
    """Return the record that an object of the wire describes; fields that we do not know are ignored.

    Raises:
        NotARecordError: it describes none.
    """
    if not isinstance(told, dict):
        raise NotARecordError("a record must be an object")
    numbers = {name: told.get(name) for name in _NUMBERS}
    texts = (told.get("experiment"), told.get("type"))
    is_record = (
        type(told.get("id")) is int
        and all(type(text) is str for text in texts)
        and all(number is None or type(number) is int for number in numbers.values())
        and (told.get("username") is None or type(told["username"]) is str)
        and type(told.get("public", False)) is bool
        and told.get("data") is not None
    )
    if not is_record:
        raise NotARecordError(f"record {told.get('id')!r} is not complete")
    return LabsRecord(
        id=told["id"],
        experiment=told["experiment"],
        type=told["type"],
        data=told["data"],
        username=told.get("username"),
        public=told.get("public", False),
        **numbers,
    )


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
