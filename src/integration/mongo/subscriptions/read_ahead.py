"""Reading a log page by page, one page ahead of whoever works through it, so that one need not wait for the other."""

import asyncio
from collections import deque
from collections.abc import Collection
from types import TracebackType

from application.kernel.event_feed import CorruptFact, EventFeed, RecordedFact

Fact = RecordedFact | CorruptFact

PAGE_COMMITS = 333
"""Commits in one read, a third of a batch. While an answer is decoded, for three or four ms, nothing else runs."""


class ReadAhead:
    """The page at hand, and behind it the next one, which is read meanwhile; never more than that.

    Used in an ``async with`` block. At its end a read that is still under way is cancelled and waited for.

    Args:
        after: position after which to begin.
        event_types: wanted types; None for all.

    Attributes:
        rest: facts of the page at hand that are not handled yet, in order. Who has handled the first takes it out.
        read_up_to: position of the last commit of that page, also when none of its events is wanted.
    """

    def __init__(self, feed: EventFeed, after: int, event_types: Collection[str] | None) -> None:
        self._feed = feed
        self._event_types = event_types
        self.rest: deque[Fact] = deque()
        self.read_up_to = after
        self._next: asyncio.Task[tuple[list[Fact], int]] | None = None

    async def __aenter__(self) -> "ReadAhead":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._next is not None:
            self._next.cancel()
            await asyncio.gather(self._next, return_exceptions=True)

    @property
    def done_up_to(self) -> int:
        """Position of the last commit of which nothing is left to handle."""
        return self.rest[0].position - 1 if self.rest else self.read_up_to

    async def turn_page_async(self) -> bool:
        """Put the next page in place of this one; False when the log is not known to have more.

        Raises:
            UnavailableError: the store did not answer, now or when it was asked ahead. The page at hand stays.
        """
        after, reading = self.read_up_to, self._next
        if self._feed.last_seen <= after:
            return False
        self._next = None
        facts, self.read_up_to = await (reading or self._read_async(after))
        self.rest = deque(facts)
        # A page that is not full ended at the head: to wait there gives fewer, larger reads than to read ahead.
        if self.read_up_to - after >= PAGE_COMMITS and self._feed.last_seen > self.read_up_to:
            reading_ahead = self._read_async(self.read_up_to)
            self._next = asyncio.create_task(reading_ahead, name=f"read {self._feed.log} ahead")
        return True

    async def _read_async(self, after: int) -> tuple[list[Fact], int]:
        corrupt: list[CorruptFact] = []
        facts, read_up_to = await self._feed.read_log_async(after, PAGE_COMMITS, self._event_types, corrupt)
        return (sorted([*facts, *corrupt], key=_place) if corrupt else [*facts]), read_up_to


def _place(fact: Fact) -> tuple[int, int]:
    return fact.position, fact.index
