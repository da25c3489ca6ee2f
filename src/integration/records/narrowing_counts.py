"""How many records carry a token, as far as it matters: which of several conditions should lead a search."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from integration.mongo.driver import MongoCollection, translating_outages
from integration.records.index_tokens import Narrowing
from integration.records.record_query import RecordQuery

ENOUGH_TO_COMPARE = 200
"""Narrowings that leave more than this are as good as each other."""
REMEMBERED_SECONDS = 30.0
MOST_REMEMBERED = 10_000


class NarrowingCounts:
    """Counts, and remembers for a while: a count that is out of date costs time and changes no answer."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._known: OrderedDict[tuple[Any, ...], tuple[float, int]] = OrderedDict()

    async def count_async(self, collection: MongoCollection, query: RecordQuery, narrowing: Narrowing) -> int:
        """Return how many records of the scope a narrowing leaves, at most ``ENOUGH_TO_COMPARE``."""
        key = (*query.base.items(), narrowing.any_of)
        now = self._monotonic()
        known = self._known.get(key)
        if known is not None and now - known[0] < REMEMBERED_SECONDS:
            return known[1]
        options: dict[str, Any] = {"limit": ENOUGH_TO_COMPARE, "hint": f"{query.index}_tokens"}
        with translating_outages("the store of records"):
            counted = await collection.count_documents(query.counting(narrowing), **options)
        self._known.pop(key, None)
        self._known[key] = (now, counted)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return counted
