"""What a filter says, from the text it is given as."""

import json
from collections.abc import Mapping
from typing import Any

from domain.records.conditions import Condition, RecordFilter
from domain.records.errors import InvalidFilterError
from domain.records.kinds.registry import KINDS, kind_named
from domain.records.values import MAX_ID, JsonValue

DATA = "data."
MOST_KEYS = 64
_TEXTS = ("experiment", "type", "username")
_IDS = ("id", "labs_record_id")
FILTERS = (*_TEXTS, *_IDS, "public", "kind")


def read_filters(given: Mapping[str, str]) -> RecordFilter:
    """Return the filter that these names and values stand for.

    Args:
        given: columns by name, ``kind``, and ``data.<path>``: keys joined by dots, a key that holds a dot itself in
            double quotes as in JSON. Its value is read as JSON where it is JSON, else as text.

    Raises:
        InvalidFilterError: a name is unknown, or a value cannot be one of its field's.
    """
    conditions: list[Condition] = []
    for name, value in given.items():
        if name.startswith(DATA):
            conditions.append(Condition("data", json_or_text(value), path=path_of(name)))
        elif name in _TEXTS:
            conditions.append(Condition(name, value))
        elif name in _IDS:
            conditions.append(Condition(name, whole_number(name, value)))
        elif name == "public":
            conditions.append(Condition(name, _flag(name, value)))
        elif name == "kind":
            conditions += _kind_conditions(value)
        else:
            known = ", ".join((*FILTERS, "data.<path>"))
            raise InvalidFilterError(name, f"is no filter; known here: {known}")
    return RecordFilter(tuple(conditions))


def path_of(name: str) -> tuple[str, ...]:
    """Return the keys that the name of a filter on data leads to.

    Raises:
        InvalidFilterError: a key is empty, a quoted key does not end, or there are too many of them.
    """
    rest = name.removeprefix(DATA)
    keys: list[str] = []
    while True:
        if rest.startswith('"'):
            key, rest = _quoted(name, rest)
        else:
            key, dot, after = rest.partition(".")
            rest = dot + after
        if not key or len(keys) >= MOST_KEYS:
            raise InvalidFilterError(name, f"must lead through 1 to {MOST_KEYS} keys, none of them empty")
        keys.append(key)
        if not rest:
            return tuple(keys)
        if not rest.startswith("."):
            raise InvalidFilterError(name, "must have a dot between keys")
        rest = rest[1:]


def _quoted(name: str, rest: str) -> tuple[str, str]:
    try:
        key, end = json.JSONDecoder().raw_decode(rest)
    except ValueError:
        raise InvalidFilterError(name, "has a quoted key that does not end") from None
    return key, rest[end:]


def json_or_text(value: str) -> JsonValue:
    """Return what a value says as JSON; the text itself when it is no JSON."""
    try:
        return json.loads(value, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return value


def whole_number(name: str, value: str) -> int:
    """Return an id.

    Raises:
        InvalidFilterError: the text is none.
    """
    if not (value.isascii() and value.isdecimal() and len(value) < 20 and 1 <= int(value) <= MAX_ID):
        raise InvalidFilterError(name, f"must be a whole number from 1 to {MAX_ID}")
    return int(value)


def _flag(name: str, value: str) -> bool:
    if value not in ("true", "false"):
        raise InvalidFilterError(name, "must be true or false")
    return value == "true"


def _kind_conditions(name: str) -> tuple[Condition, ...]:
    kind = kind_named(name)
    if kind is None:
        raise InvalidFilterError("kind", f"must be one of {', '.join(kind.name for kind in KINDS)}")
    return kind.conditions


def _no_number(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
