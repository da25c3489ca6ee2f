"""What clients of the system of record send in bodies."""

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn

from fastapi import Request

from api.kernel.problems import RefusedError
from application.kernel.refusals import Refusal, missing
from application.records.remove_records import Removal
from domain.records.errors import InvalidRecordError
from domain.records.values import MAX_ID, SCOPE_FIELDS, WRITABLE_FIELDS, LabsRecord, RecordItem, RecordScope

_IDS = ("id", "labs_record_id", *SCOPE_FIELDS)


async def items_async(request: Request) -> list[dict[str, Any]]:
    """Return the items of a body: a list of objects, or one object.

    Raises:
        RefusedError: it is neither.
    """
    try:
        said = json.loads(await request.body(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise RefusedError(Refusal(400, "malformed-json", "Malformed JSON", "JSON parse error")) from None
    items = said if isinstance(said, list) else [said]
    if not all(isinstance(item, dict) for item in items):
        detail = "the body must be a list of objects, or one object"
        raise RefusedError(Refusal(400, "malformed-body", "Malformed body", detail))
    return items


def upsert_of(item: dict[str, Any]) -> RecordItem:
    """Return an item of a batch. Nobody as the person leaves the person alone; ids may be text.

    Raises:
        RefusedError: it names a scope that cannot be, or a record that cannot be and no scope: not found.
    """
    fields = {name: _read(name, value) for name, value in item.items() if name != "id"}
    if not fields.get("username"):
        fields.pop("username", None)
    read = RecordItem(_read("id", item.get("id")), fields)
    numbers: list[Any] = [number for _, number in read.scope.parts] or [read.id]
    if any(_cannot_be(one) for one in numbers):
        raise RefusedError(missing("record", ""))
    return read


def merged(items: Sequence[RecordItem]) -> tuple[RecordItem, ...]:
    """Return items of which none changes a record that another changes: the later one is applied to the earlier."""
    kept: dict[Any, RecordItem] = {}
    for place, item in enumerate(items):
        key: Any = (place,) if type(item.id) is not int else item.id
        before = kept.get(key)
        kept[key] = item if before is None else RecordItem(item.id, {**before.fields, **item.fields})
    return tuple(kept.values())


def in_order(items: Sequence[RecordItem], written: Sequence[LabsRecord]) -> list[LabsRecord]:
    """Return what became of each of the items, from what became of them merged."""
    by_id = {record.id: record for record in written}
    inserted = (record for record, item in zip(written, merged(items), strict=True) if item.id is None)
    return [next(inserted) if item.id is None else by_id[item.id] for item in items]


def removal_of(index: int, item: dict[str, Any]) -> Removal:
    """Return which record an item means, if any, and under which scope.

    Raises:
        InvalidRecordError: a number is none, or it has a key that is no field.
    """
    record_id = _read("id", item.get("id"))
    if record_id is not None and type(record_id) is not int:
        raise InvalidRecordError(index, "id", "must be a whole number")
    numbers = {name: _read(name, item.get(name)) for name in SCOPE_FIELDS}
    for name, number in numbers.items():
        if number is not None and type(number) is not int:
            raise InvalidRecordError(index, name, "must be a whole number, or null")
    for name in item:
        if name not in WRITABLE_FIELDS | {"id"}:
            raise InvalidRecordError(index, name, "is no field")
    return Removal(record_id, RecordScope(**numbers))


def _read(name: str, value: Any) -> Any:
    """Return a value, an id in text as the number that Python reads in it: `` 5 `` and ``+5`` too."""
    if name in _IDS and isinstance(value, str):
        with suppress(ValueError):
            return int(value)
    return value


def _cannot_be(number: Any) -> bool:
    return type(number) is int and not 1 <= number <= MAX_ID


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
