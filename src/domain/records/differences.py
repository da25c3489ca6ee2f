"""What differs between two versions of a record."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from domain.records.conditions import MISSING
from domain.records.json_text import is_written_alike
from domain.records.record_history import COLUMNS
from domain.records.values import JsonValue, LabsRecord

PathStep = str | int


@dataclass(frozen=True, slots=True)
class Difference:
    """One place that differs.

    Attributes:
        path: keys from the record inwards, e.g. ``("data", "a.b", 0)``; a number is a place in a list. A sequence,
            because keys may hold dots.
        old, new: the values there; None also where there is nothing.
        kind: ``added`` where there was nothing, ``removed`` where there is nothing now, else ``changed``.
    """

    path: tuple[PathStep, ...]
    old: JsonValue
    new: JsonValue
    kind: str = "changed"


def differences(old: LabsRecord | None, new: LabsRecord | None) -> list[Difference]:
    """Return what differs, columns first, then data in its own order; None stands for a record that is not there.

    Only the innermost place that differs is named. Lists are compared place by place. Values that are the same JSON in
    another order of keys do not differ; ``1`` and ``1.0`` do, being kept as they were given.
    """
    found: list[Difference] = []
    for name in (*COLUMNS, "data"):
        before = MISSING if old is None else old.value_of(name)
        after = MISSING if new is None else new.value_of(name)
        found += _between((name,), before, after)
    return found


def _between(path: tuple[PathStep, ...], old: Any, new: Any) -> Iterator[Difference]:
    if old is MISSING and new is MISSING:
        return
    if old is MISSING:
        yield Difference(path, None, new, "added")
    elif new is MISSING:
        yield Difference(path, old, None, "removed")
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _between((*path, key), old.get(key, MISSING), new.get(key, MISSING))
    elif isinstance(old, list) and isinstance(new, list):
        for place in range(max(len(old), len(new))):
            before = old[place] if place < len(old) else MISSING
            yield from _between((*path, place), before, new[place] if place < len(new) else MISSING)
    elif not is_written_alike(old, new):
        yield Difference(path, old, new)
