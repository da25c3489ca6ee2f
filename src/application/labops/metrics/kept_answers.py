"""Answers that are kept, bounded by their number and by how much they hold together."""

from collections import OrderedDict
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any

from application.labops.metrics.views import Grain
from domain.labops.sla_limits import SlaLimits

MOST_KEPT = 1_000
MOST_ITEMS = 200_000
"""Points and groups of all kept answers, some 50 MB: one answer alone may have 50,000."""
Key = tuple[str, str, Grain, bool]


@dataclass(frozen=True, slots=True)
class Computed:
    """An answer, and as long as what it is right."""

    view: Any
    stamp: str
    position: int
    limits: SlaLimits
    valid_until: datetime | None


class KeptAnswers:
    """The newest answer to each question; the oldest go first when there are too many, or they hold too much."""

    def __init__(self, most_items: int = MOST_ITEMS) -> None:
        self._most_items = most_items
        self._items = 0
        self._kept: OrderedDict[Key, tuple[int, Computed]] = OrderedDict()

    def find(self, key: Key) -> Computed | None:
        """Return the answer to a question; None when there is none."""
        found = self._kept.get(key)
        return found and found[1]

    def keep(self, key: Key, computed: Computed) -> None:
        """Keep an answer instead of the one before."""
        before, _ = self._kept.pop(key, (0, None))
        items = _items_of(computed.view)
        self._kept[key] = items, computed
        self._items += items - before
        while len(self._kept) > MOST_KEPT or (self._items > self._most_items and len(self._kept) > 1):
            _, (gone, _) = self._kept.popitem(last=False)
            self._items -= gone


def _items_of(view: Any) -> int:
    parts = (getattr(view, field.name) for field in fields(view)) if is_dataclass(view) else ()
    return 1 + sum(len(part) for part in parts if isinstance(part, list | tuple | dict))
