"""Which records a filter can be about, as small numbers that an index holds.

A token is a hash of a path and the value there. Every record carries those of its columns and of the scalars in its
data, the shallow ones first; where they are too many or lie too deep, a marker says from which depth on some are left
out. So a query for a token or the markers up to its depth finds every record that could be meant, and some others:
tokens only narrow what is looked at, ``RecordFilter.holds_for`` decides.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from domain.records.conditions import Condition, Lookup, RecordFilter
from domain.records.values import JsonValue, LabsRecord

MOST_DATA_TOKENS = 100
DEEPEST = 6
MOST_ALTERNATIVES = 50
COLUMNS = ("experiment", "type", "username", "labs_record_id", "public")

_Place = tuple[tuple[str, ...], JsonValue]


def tokens_of(record: LabsRecord) -> list[int]:
    """Return the tokens of a record: 64-bit numbers, each once, those of the columns first."""
    found = dict.fromkeys(_token((name,), record.value_of(name)) for name in COLUMNS)
    found[_kind_token(record.experiment, record.type)] = None
    most = len(found) + MOST_DATA_TOKENS
    level: list[_Place] = [(("data",), record.data)]
    for depth in range(DEEPEST + 1):
        deeper: list[_Place] = []
        for path, value in level:
            if isinstance(value, dict | list):
                deeper += _inside(path, value)
            elif len(found) < most:
                found[_token(path, value)] = None
            else:
                return [*found, _marker(depth)]
        if not deeper:
            return list(found)
        level = deeper
    return [*found, _marker(DEEPEST + 1)]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Tokens of which a record that is wanted has at least one."""

    any_of: tuple[int, ...]


def narrowings_of(wanted: RecordFilter) -> list[Narrowing]:
    """Return what a record must carry to be wanted, the narrowest guess first; all of them hold for a wanted record."""
    columns = {
        condition.field: condition.value
        for condition in wanted.conditions
        if condition.field in COLUMNS and condition.lookup is Lookup.EXACT and _is_scalar(condition.value)
    }
    in_data = [
        Narrowing((*tokens, *_markers(condition)))
        for condition in wanted.conditions
        if condition.field == "data" and (tokens := _alternatives(condition))
    ]
    of_columns = []
    if "experiment" in columns and "type" in columns:
        of_columns.append(Narrowing((_kind_token(columns.pop("experiment"), columns.pop("type")),)))
    of_columns += [Narrowing((_token((name,), value),)) for name, value in columns.items()]
    of_columns += [
        Narrowing(tokens)
        for condition in wanted.conditions
        if condition.field in COLUMNS and condition.lookup is Lookup.IN and (tokens := _alternatives(condition))
    ]
    return in_data + of_columns


def _alternatives(condition: Condition) -> tuple[int, ...]:
    """Return the tokens that a condition comes to; none when it cannot be told by tokens."""
    values = condition.value if condition.lookup is Lookup.IN else [condition.value]
    if condition.lookup not in (Lookup.EXACT, Lookup.IN) or len(values) > MOST_ALTERNATIVES:
        return ()
    if not all(_is_scalar(value) for value in values):
        return ()
    return tuple(dict.fromkeys(_token((condition.field, *condition.path), value) for value in values))


def _markers(condition: Condition) -> Iterator[int]:
    for depth in range(min(len(condition.path), DEEPEST + 1) + 1):
        yield _marker(depth)


def _inside(path: tuple[str, ...], value: dict[str, Any] | list[Any]) -> Iterator[_Place]:
    if isinstance(value, dict):
        return (((*path, key), inner) for key, inner in value.items())
    return (((*path, str(place)), inner) for place, inner in enumerate(value))


def _is_scalar(value: JsonValue) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def _kind_token(experiment: JsonValue, record_type: JsonValue) -> int:
    return _hash(["kind", _canonical(experiment), _canonical(record_type)])


def _marker(depth: int) -> int:
    return _hash(["left out from", str(depth)])


def _token(path: Sequence[str], value: JsonValue) -> int:
    return _hash(["at", *path, _canonical(value)])


def _canonical(value: JsonValue) -> str:
    """Return the same text for what is the same JSON, and for nothing else."""
    if value is None or isinstance(value, bool):
        return f"constant {value}"
    if isinstance(value, str):
        return f"text {value}"
    if isinstance(value, float) and not value.is_integer():
        return f"number {value!r}"
    return f"number {int(value):x}"


def _hash(parts: Sequence[str]) -> int:
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return int.from_bytes(digest.digest(), "big", signed=True)
