"""Which records are wanted. One meaning for every store; an index may only narrow what is looked at."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.records.errors import InvalidFilterError
from domain.records.values import NO_SCOPE, WRITABLE_FIELDS, JsonValue, LabsRecord, RecordScope

MISSING = object()
FIELDS = WRITABLE_FIELDS | {"id"}
_MOST_DIGITS = 9


class Lookup(StrEnum):
    """How a value is compared. Named as in the system of record."""

    EXACT = "exact"
    IEXACT = "iexact"
    CONTAINS = "contains"
    ICONTAINS = "icontains"
    STARTSWITH = "startswith"
    ISTARTSWITH = "istartswith"
    ENDSWITH = "endswith"
    IENDSWITH = "iendswith"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    ISNULL = "isnull"


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison.

    Attributes:
        field: a field of the record.
        path: keys below ``data``, outermost first; a number in digits, without leading zeros, is a place in a list too.
            Empty for the field itself.
        lookup: how it is compared.
        value: against what. Numbers equal numbers, ``5`` is not ``"5"`` and ``true`` is not ``1``; a list for ``IN``,
            a bool for ``ISNULL``. ``EXACT`` null finds an explicit null, not an absent key.

    Raises:
        InvalidFilterError: there is no such field, or the value does not fit the lookup.
    """

    field: str
    value: JsonValue
    lookup: Lookup = Lookup.EXACT
    path: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.field not in FIELDS:
            raise InvalidFilterError(self.field, "is no field of a record")
        if self.path and self.field != "data":
            raise InvalidFilterError(self.field, "has nothing below it; only data has")
        if self.lookup is Lookup.IN and not isinstance(self.value, list | tuple):
            raise InvalidFilterError(self.field, "must be compared with a list")
        if self.lookup is Lookup.ISNULL and not isinstance(self.value, bool):
            raise InvalidFilterError(self.field, "must be compared with true or false")

    def holds_for(self, record: LabsRecord) -> bool:
        """Tell whether a record satisfies this."""
        found = _at(getattr(record, self.field), self.path)
        if self.lookup is Lookup.ISNULL:
            return (found is MISSING or (not self.path and found is None)) is bool(self.value)
        if found is MISSING:
            return False
        return _COMPARISONS[self.lookup](found, self.value)


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """All conditions hold. Empty wants everything of the scope."""

    conditions: tuple[Condition, ...] = ()

    def holds_for(self, record: LabsRecord) -> bool:
        """Tell whether a record is wanted."""
        return all(condition.holds_for(record) for condition in self.conditions)

    def among(self, records: Iterable[LabsRecord]) -> list[LabsRecord]:
        """Return the wanted ones, in the order given."""
        return [record for record in records if self.holds_for(record)]


EVERYTHING = RecordFilter()


def is_in_scope(record: LabsRecord, scope: RecordScope) -> bool:
    """Tell whether a record is read under a scope: it names all of the scope's parts; without a scope it is public."""
    if scope == NO_SCOPE:
        return record.public
    return all(getattr(record, f"{kind.value}_id") == number for kind, number in scope.parts)


def same_json(left: JsonValue, right: JsonValue) -> bool:
    """Tell whether two values are the same JSON: order of keys does not count, ``1`` is ``1.0`` but never ``true``."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_json(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_json, left, right))
    return bool(left == right)


def _at(value: JsonValue, path: tuple[str, ...]) -> Any:
    for key in path:
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and (place := _place(key)) is not None and place < len(value):
            value = value[place]
        else:
            return MISSING
    return value


def _place(key: str) -> int | None:
    if not (key.isascii() and key.isdigit()) or len(key) > _MOST_DIGITS or (key[0] == "0" and key != "0"):
        return None
    return int(key)


def _in(found: JsonValue, wanted: JsonValue) -> bool:
    return any(same_json(found, one) for one in wanted)


def _text(compare: Callable[[str, str], bool], *, fold: bool = False) -> Callable[[Any, Any], bool]:
    def comparison(found: Any, wanted: Any) -> bool:
        if not isinstance(found, str) or not isinstance(wanted, str):
            return False
        return compare(found.casefold(), wanted.casefold()) if fold else compare(found, wanted)

    return comparison


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def comparison(found: Any, wanted: Any) -> bool:
        if isinstance(found, bool) or isinstance(wanted, bool):
            return False
        both_numbers = isinstance(found, int | float) and isinstance(wanted, int | float)
        both_texts = isinstance(found, str) and isinstance(wanted, str)
        return (both_numbers or both_texts) and compare(found, wanted)

    return comparison


_COMPARISONS: dict[Lookup, Callable[[Any, Any], bool]] = {
    Lookup.EXACT: same_json,
    Lookup.IN: _in,
    Lookup.IEXACT: _text(lambda found, wanted: found == wanted, fold=True),
    Lookup.CONTAINS: _text(lambda found, wanted: wanted in found),
    Lookup.ICONTAINS: _text(lambda found, wanted: wanted in found, fold=True),
    Lookup.STARTSWITH: _text(str.startswith),
    Lookup.ISTARTSWITH: _text(str.startswith, fold=True),
    Lookup.ENDSWITH: _text(str.endswith),
    Lookup.IENDSWITH: _text(str.endswith, fold=True),
    Lookup.GT: _ordered(lambda found, wanted: found > wanted),
    Lookup.GTE: _ordered(lambda found, wanted: found >= wanted),
    Lookup.LT: _ordered(lambda found, wanted: found < wanted),
    Lookup.LTE: _ordered(lambda found, wanted: found <= wanted),
}
