"""What clients of the system of record send in bodies."""

import json
from typing import Any, NoReturn

from fastapi import Request

from api.kernel.problems import RefusedError
from application.kernel.refusals import Refusal
from application.records.remove_records import Removal
from domain.records.errors import InvalidRecordError
from domain.records.values import SCOPE_FIELDS, WRITABLE_FIELDS, RecordItem, RecordScope

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
    """Return an item of a batch. Nobody as the person leaves the person alone; ids may be text."""
    fields = {name: _read(name, value) for name, value in item.items() if name != "id"}
    if not fields.get("username"):
        fields.pop("username", None)
    return RecordItem(_read("id", item.get("id")), fields)


def removal_of(index: int, item: dict[str, Any]) -> Removal:
    """Return which record an item means, and under which scope.

    Raises:
        InvalidRecordError: it names no record, or a scope that is no number.
    """
    record_id = _read("id", item.get("id"))
    if type(record_id) is not int:
        raise InvalidRecordError(index, "id", "must be a whole number")
    numbers = {name: _read(name, item.get(name)) for name in SCOPE_FIELDS}
    for name, number in numbers.items():
        if number is not None and type(number) is not int:
            raise InvalidRecordError(index, name, "must be a whole number, or null")
    if not item.keys() <= WRITABLE_FIELDS | {"id"}:
        raise InvalidRecordError(index, next(name for name in item if name not in WRITABLE_FIELDS), "is no field")
    return Removal(record_id, RecordScope(**numbers))


def _read(name: str, value: Any) -> Any:
    if name in _IDS and isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        return int(value)
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
