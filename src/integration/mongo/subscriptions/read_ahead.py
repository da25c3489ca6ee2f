"""Reading a log a batch ahead of whoever works through it, so that one need not wait for the other."""

import asyncio
from collections import deque
from collections.abc import Collection, Iterable
from types import TracebackType

from application.kernel.event_feed import CorruptFact, EventFeed, RecordedFact

Fact = RecordedFact | CorruptFact


class Batch:
    """What was read at once, in order. Whoever has handled the first of ``rest`` takes it out.

    Attributes:
        read_up_to: position of the last commit that was read, also when none of its events is wanted.
    """

    def __init__(self, read_up_to: int, facts: Iterable[Fact] = ()) -> None:
        self.rest = deque(facts)
        self.read_up_to = read_up_to

    @property
    def done_up_to(self) -> int:
        """Position of the last commit of which nothing is left."""
        return self.rest[0].position - 1 if self.rest else self.read_up_to


class ReadAhead:
    """Reads a log batch by batch; while one is worked through it reads the next one, and no more than that.

    Used in an ``async with`` block. At its end a read that is still under way is cancelled and waited for.

    Args:
        event_types: wanted types; None for all.
        commits: size of a batch.
    """

    def __init__(self, feed: EventFeed, event_types: Collection[str] | None, commits: int) -> None:
        self._feed = feed
        self._event_types = event_types
        self._commits = commits
        self._ahead: tuple[int, asyncio.Task[Batch]] | None = None

    async def __aenter__(self) -> "ReadAhead":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._forget_async()

    async def read_async(self, after: int) -> Batch:
        """Return what follows on a position.

        Raises:
            UnavailableError: the store did not answer, now or when this was read ahead.
        """
        if self._ahead is not None and self._ahead[0] == after:
            (_, reading), self._ahead = self._ahead, None
            batch = await reading
        else:
            await self._forget_async()
            batch = await self._read_async(after)
        # A batch that is not full ended at the head: to wait there gives fewer, larger reads than to read ahead.
        if batch.read_up_to - after >= self._commits and self._feed.last_seen > batch.read_up_to:
            reading = asyncio.create_task(self._read_async(batch.read_up_to), name=f"read {self._feed.log} ahead")
            self._ahead = (batch.read_up_to, reading)
        return batch

    async def _read_async(self, after: int) -> Batch:
        corrupt: list[CorruptFact] = []
        facts, read_up_to = await self._feed.read_log_async(after, self._commits, self._event_types, corrupt)
        if corrupt:
            return Batch(read_up_to, sorted([*facts, *corrupt], key=_place))
        return Batch(read_up_to, facts)

    async def _forget_async(self) -> None:
        if self._ahead is not None:
            (_, reading), self._ahead = self._ahead, None
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


def _place(fact: Fact) -> tuple[int, int]:
    return fact.position, fact.index
