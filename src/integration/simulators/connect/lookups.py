"""Query parameters as lookups on the model, with everything that surprises about them."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from integration.simulators.connect.record_table import Row
from integration.simulators.connect.wire import ServerCrashError

Holds = Callable[[Row], bool]
_NUMBERS = {
    "id": "id",
    "pk": "id",
    **{
        spelled: f"{name}_id"
        for name in ("opportunity", "organization", "program", "labs_record")
        for spelled in (name, f"{name}_id")
    },
}
_TEXTS = ("experiment", "type")
_BOOLEANS = {"True": True, "t": True, "1": True, "False": False, "f": False, "0": False}
_ABSENT = object()

_ON_TEXT: dict[str, Callable[[str, str], bool]] = {
    "iexact": lambda found, said: found.lower() == said.lower(),
    "contains": lambda found, said: said in found,
    "icontains": lambda found, said: said.lower() in found.lower(),
    "startswith": str.startswith,
    "istartswith": lambda found, said: found.lower().startswith(said.lower()),
    "endswith": str.endswith,
    "iendswith": lambda found, said: found.lower().endswith(said.lower()),
    "regex": lambda found, said: _matches(said, found, re.NOFLAG),
    "iregex": lambda found, said: _matches(said, found, re.IGNORECASE),
}
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda found, said: found > said,
    "gte": lambda found, said: found >= said,
    "lt": lambda found, said: found < said,
    "lte": lambda found, said: found <= said,
}


def lookups_of(parameters: Mapping[str, str], user_ids: Mapping[str, int]) -> list[Holds]:
    """Return what all parameters demand, each on its own.

    Args:
        user_ids: by username.

    Raises:
        ServerCrashError: a name that is no field, or a value that the field cannot take.
    """
    return [_lookup(name.split("__"), said, user_ids) for name, said in parameters.items()]


def _lookup(parts: list[str], said: str, user_ids: Mapping[str, int]) -> Holds:
    if "\0" in said:
        raise ServerCrashError
    name, *rest = parts
    if name == "data":
        return _on_data(rest, said)
    if name in ("user", "user_id") and rest[:1] == ["username"]:
        return _on_column(lambda row: row.values["username"], rest[1:], said, str)
    if name in ("user", "user_id"):
        return _on_column(lambda row: user_ids.get(row.values["username"]), rest, said, whole_number)
    if name in _NUMBERS:
        column = _NUMBERS[name]
        return _on_column(lambda row: row.values[column], rest, said, whole_number)
    if name in _TEXTS:
        return _on_column(lambda row: row.values[name], rest, said, str)
    if name == "public":
        return _on_column(lambda row: row.values["public"], rest, said, _boolean)
    raise ServerCrashError


def _on_column(value_of: Callable[[Row], Any], rest: list[str], said: str, read: Callable[[str], Any]) -> Holds:
    if len(rest) > 1:
        raise ServerCrashError
    lookup = rest[0] if rest else "exact"
    if lookup == "exact":
        wanted = read(said)
        return lambda row: bool(value_of(row) == wanted)
    if lookup == "in":
        # The text is taken for a collection: of its characters.
        several = [read(character) for character in said]
        return lambda row: value_of(row) in several
    if lookup in _ORDERED:
        ordered, limit = _ORDERED[lookup], read(said)
        return lambda row: value_of(row) is not None and ordered(value_of(row), limit)
    if lookup in _ON_TEXT:
        matches = _ON_TEXT[lookup]
        return lambda row: value_of(row) is not None and matches(_as_text(value_of(row)), said)
    # Also isnull: it wants a boolean and is given text.
    raise ServerCrashError


def _on_data(rest: list[str], said: str) -> Holds:
    lookup = "exact"
    if rest and rest[-1] in (*_ON_TEXT, *_ORDERED, "exact", "in", "isnull", "has_key"):
        *rest, lookup = rest
    if lookup == "isnull":
        raise ServerCrashError
    path = tuple(rest)
    if lookup == "exact":
        return lambda row: bool(_at(row, path) == said)
    if lookup == "in":
        return lambda row: isinstance(found := _at(row, path), str) and found in list(said)
    if lookup == "has_key":
        return lambda row: (found := _at(row, path)) == said or (isinstance(found, dict | list) and said in found)
    if lookup == "contains":
        # Unlike the other lookups of text Django has none of this name for keys: JSON is looked for in JSON.
        return lambda row: (found := _at(row, path)) == said or (isinstance(found, list) and said in found)
    if lookup in _ORDERED:
        ordered, limit = _ORDERED[lookup], _rank(said)
        return lambda row: (found := _at(row, path)) is not _ABSENT and ordered(_rank(found), limit)
    matches = _ON_TEXT[lookup]
    return lambda row: (found := _at(row, path)) not in (_ABSENT, None) and matches(_as_text(found), said)


def _at(row: Row, path: tuple[str, ...]) -> Any:
    found = row.values["data"]
    for key in path:
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        else:
            return _ABSENT
    return found


def _rank(value: Any) -> tuple[int, Any]:
    """Order values as the database orders JSON: null, text, numbers, booleans, lists, objects."""
    if value is None:
        return 0, 0
    if isinstance(value, str):
        return 1, value
    if isinstance(value, bool):
        return 3, value
    if isinstance(value, int | float):
        return 2, value
    return (4, len(value)) if isinstance(value, list) else (5, len(value))


def _matches(pattern: str, found: str, flags: re.RegexFlag) -> bool:
    try:
        return re.search(pattern, found, flags) is not None
    except re.error as error:
        raise ServerCrashError from error


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def whole_number(said: str) -> int:
    """Return the number that a parameter says; one that says none is not caught by the server."""
    try:
        return int(said)
    except ValueError as error:
        raise ServerCrashError from error


def _boolean(said: str) -> bool:
    if said not in _BOOLEANS:
        raise ServerCrashError
    return _BOOLEANS[said]
