"""What an item of a batch must be before any store is asked."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from domain.records.errors import InvalidRecordError
from domain.records.json_text import UnstorableDataError, to_text
from domain.records.values import (
    MAX_BATCH_ITEMS,
    MAX_EXPERIMENT_CHARACTERS,
    MAX_ID,
    MAX_TYPE_CHARACTERS,
    NO_SCOPE,
    SCOPE_FIELDS,
    WRITABLE_FIELDS,
    LabsRecord,
    RecordItem,
)

MAX_USERNAME_CHARACTERS = 255


def check_batch(items: Sequence[RecordItem]) -> None:
    """Check every item.

    Raises:
        InvalidRecordError: the first one that breaks a rule; names its index, the field and the rule.
    """
    if len(items) > MAX_BATCH_ITEMS:
        raise InvalidRecordError(MAX_BATCH_ITEMS, "batch", f"must have at most {MAX_BATCH_ITEMS} items")
    seen: set[int] = set()
    for index, item in enumerate(items):
        _check_item(index, item)
        if item.id is not None:
            if item.id in seen:
                raise InvalidRecordError(index, "id", "must not be in the batch twice")
            seen.add(item.id)


def check_findable(items: Sequence[RecordItem]) -> None:
    """Check that somebody will find every new record. The system of record takes what nobody finds, and loses it.

    Raises:
        InvalidRecordError: the first one that is not public and names no scope.
    """
    for index, item in enumerate(items):
        named = any(item.fields.get(name) is not None for name in SCOPE_FIELDS)
        if item.id is None and not named and not item.fields.get("public"):
            rule = "must be given, or program_id or organization_id: a record without a scope is lost unless public"
            raise InvalidRecordError(index, "opportunity_id", rule)


def check_stays_findable(record: LabsRecord, fields: Mapping[str, Any]) -> None:
    """Check that a change leaves a record where somebody finds it.

    Raises:
        InvalidRecordError: it names no scope, and would no longer be public.
    """
    if record.scope == NO_SCOPE and fields.get("public") is False:
        raise InvalidRecordError(0, "public", "must stay true: a record without a scope is lost unless public")


def _check_item(index: int, item: RecordItem) -> None:
    if item.id is not None and not _is_id(item.id):
        raise InvalidRecordError(index, "id", f"must be a whole number from 1 to {MAX_ID}")
    for name, value in item.fields.items():
        if name not in WRITABLE_FIELDS:
            raise InvalidRecordError(index, name, "is no field of a record")
        if (broken := _RULES[name](value)) is not None:
            raise InvalidRecordError(index, name, broken)
    if item.id is None:
        for name in ("experiment", "type", "data"):
            if name not in item.fields:
                raise InvalidRecordError(index, name, "must be given for a new record")


def _is_id(value: object) -> bool:
    return type(value) is int and 1 <= value <= MAX_ID


def _text(most: int, *, optional: bool = False) -> Callable[[Any], str | None]:
    def rule(value: Any) -> str | None:
        if optional and value is None:
            return None
        if type(value) is not str or not value or len(value) > most or "\0" in value or not _is_unicode(value):
            return f"must be text of 1 to {most} characters"
        return None

    return rule


def _is_unicode(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _optional_id(value: Any) -> str | None:
    return None if value is None or _is_id(value) else f"must be a whole number from 1 to {MAX_ID}, or null"


def _flag(value: Any) -> str | None:
    return None if type(value) is bool else "must be true or false"


def _data(value: Any) -> str | None:
    try:
        to_text(value)
    except UnstorableDataError as error:
        return str(error)
    return None


_RULES: dict[str, Callable[[Any], str | None]] = {
    "experiment": _text(MAX_EXPERIMENT_CHARACTERS),
    "type": _text(MAX_TYPE_CHARACTERS),
    "username": _text(MAX_USERNAME_CHARACTERS, optional=True),
    "data": _data,
    "public": _flag,
    "opportunity_id": _optional_id,
    "organization_id": _optional_id,
    "program_id": _optional_id,
    "labs_record_id": _optional_id,
}
