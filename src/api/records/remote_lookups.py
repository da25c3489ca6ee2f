"""Query parameters as the system of record understands them: lookups on its model, and comparison with text.

``data__count=5`` looks for the text "5" and never finds the number. What the record store means by the same condition
narrows what is asked of it; what it does not mean the same way is decided here.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from domain.records.conditions import Condition, RecordFilter
from domain.records.errors import InvalidFilterError
from domain.records.values import MAX_ID, SCOPE_FIELDS, JsonValue, LabsRecord

_ABSENT = object()
_NUMBERS = {"id": "id", "pk": "id"} | {
    spelled: f"{name}_id"
    for name in ("opportunity", "organization", "program", "labs_record")
    for spelled in (name, f"{name}_id", f"{name}__id", f"{name}__pk")
}
_TEXTS = {"experiment": "experiment", "type": "type", "user__username": "username"}
_FLAGS = {"True": True, "t": True, "1": True, "False": False, "f": False, "0": False}
_ON_TEXT: dict[str, Callable[[str, str], bool]] = {
    "iexact": lambda found, said: found.upper() == said.upper(),
    "contains": lambda found, said: said in found,
    "icontains": lambda found, said: said.upper() in found.upper(),
    "startswith": str.startswith,
    "istartswith": lambda found, said: found.upper().startswith(said.upper()),
    "endswith": str.endswith,
    "iendswith": lambda found, said: found.upper().endswith(said.upper()),
}
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda found, said: found > said,
    "gte": lambda found, said: found >= said,
    "lt": lambda found, said: found < said,
    "lte": lambda found, said: found <= said,
}
_LOOKUPS = frozenset({*_ON_TEXT, *_ORDERED, "exact", "in", "isnull"})
_DATA_LOOKUPS = _LOOKUPS | {"has_key"}
_UNSUPPORTED = frozenset({"regex", "iregex", "has_keys", "has_any_keys", "contained_by", "range"})

Holds = Callable[[LabsRecord], bool]


@dataclass(frozen=True, slots=True)
class RemoteLookups:
    """What the parameters ask for.

    Attributes:
        narrowing: the part of it that the record store means the same way.
        rest: the other part, each of which must hold.
    """

    narrowing: RecordFilter
    rest: tuple[Holds, ...]

    def among(self, records: tuple[LabsRecord, ...]) -> list[LabsRecord]:
        """Return the records that are asked for."""
        return [record for record in records if all(holds(record) for holds in self.rest)]


def lookups_of(parameters: Mapping[str, str]) -> RemoteLookups:
    """Return what the parameters ask for, all of it at once.

    Raises:
        InvalidFilterError: the system of record would fail on it, or it is a lookup that is not served here.
    """
    narrowing: list[Condition] = []
    rest: list[Holds] = []
    for name, said in parameters.items():
        if "\0" in said or "\0" in name:
            raise InvalidFilterError(name, "must not contain a NUL character")
        found = _of_data(name, said) if name.split("__", 1)[0] == "data" else _of_column(name, said)
        if isinstance(found, Condition):
            narrowing.append(found)
        else:
            rest.append(found)
    return RemoteLookups(RecordFilter(tuple(narrowing)), tuple(rest))


def names_no_scope_that_can_be(parameters: Mapping[str, str]) -> bool:
    """Tell whether the parameter that decides about the scope is a number that no scope has."""
    said = next((parameters[name] for name in SCOPE_FIELDS if parameters.get(name)), None)
    try:
        return said is not None and not 1 <= int(said) <= MAX_ID
    except ValueError:
        return False


def _of_column(name: str, said: str) -> Condition | Holds:
    column, read, lookup = _column(name)
    if lookup == "exact":
        return Condition(column, read(name, said))
    if lookup == "isnull":
        absent = _flag(name, said)
        return lambda record: (getattr(record, column) is None) is absent
    if lookup in _ORDERED:
        ordered, limit = _ORDERED[lookup], read(name, said)
        return lambda record: (found := getattr(record, column)) is not None and ordered(found, limit)
    if lookup == "in":
        # A text is taken for a collection there: of its characters.
        several = [read(name, character) for character in said]
        return lambda record: getattr(record, column) in several
    matches = _ON_TEXT[lookup]
    return lambda record: (found := getattr(record, column)) is not None and matches(_as_text(found), said)


def _column(name: str) -> tuple[str, Callable[[str, str], Any], str]:
    base, _, lookup = name.rpartition("__")
    if lookup in _UNSUPPORTED:
        raise InvalidFilterError(name, f"uses the lookup {lookup}, which is not served here")
    if lookup not in _LOOKUPS or not base:
        base, lookup = name, "exact"
    if base in _TEXTS:
        return _TEXTS[base], lambda _name, said: said, lookup
    if base in _NUMBERS:
        return _NUMBERS[base], _whole_number, lookup
    if base == "public":
        return base, _flag, lookup
    raise InvalidFilterError(name, "is no field that can be looked up; a person is found by user__username")


def _of_data(name: str, said: str) -> Condition | Holds:
    _, *keys = name.split("__")
    lookup = "exact"
    if keys and keys[-1] in _DATA_LOOKUPS | _UNSUPPORTED:
        lookup = keys.pop()
    path = tuple(keys)
    if lookup in _UNSUPPORTED:
        raise InvalidFilterError(name, f"uses the lookup {lookup}, which is not served here")
    if lookup == "exact":
        return Condition("data", said, path=path)
    if lookup == "isnull":
        absent = _flag(name, said)
        return lambda record: (_at(record.data, path) is _ABSENT) is absent
    return lambda record: (found := _at(record.data, path)) is not _ABSENT and _data_matches(lookup, found, said)


def _data_matches(lookup: str, found: JsonValue, said: str) -> bool:
    if lookup in _ORDERED:
        return _ORDERED[lookup](_rank(found), _rank(said))
    if lookup == "in":
        return isinstance(found, str) and len(found) == 1 and found in said
    if lookup == "contains":  # of JSON in JSON, unlike the same word for text
        return found == said or (isinstance(found, list) and said in found)
    if lookup == "has_key":
        return found == said or (isinstance(found, dict | list) and said in found)
    return found is not None and _ON_TEXT[lookup](_as_text(found), said)


def _at(value: JsonValue, path: tuple[str, ...]) -> Any:
    for key in path:
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isascii() and key.isdecimal() and len(key) < 10 and int(key) < len(value):
            value = value[int(key)]
        else:
            return _ABSENT
    return value


def _rank(value: JsonValue) -> tuple[int, Any]:
    """Order values as the database of the system of record orders JSON."""
    if value is None:
        return 0, 0
    if isinstance(value, str):
        return 1, value
    if isinstance(value, bool):
        return 3, value
    if isinstance(value, int | float):
        return 2, value
    return (4, len(value)) if isinstance(value, list) else (5, len(value))


def _as_text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _whole_number(name: str, said: str) -> int:
    """Read a number as Python does: with blanks around it, a plus before it and underscores in it."""
    try:
        number = int(said)
    except ValueError:
        number = MAX_ID + 1
    if abs(number) > MAX_ID:
        raise InvalidFilterError(name, "must be a whole number")
    return number


def _flag(name: str, said: str) -> bool:
    if said not in _FLAGS:
        raise InvalidFilterError(name, "must be True, False, t, f, 1 or 0")
    return _FLAGS[said]
