"""Writes of this process that the system of record may have taken and the cache does not know yet."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class WritesUnderWay:
    """Lets a fetch wait until what it may have seen of a write is in the cache, told by whom it was done."""

    def __init__(self) -> None:
        self._writes: set[asyncio.Event] = set()

    @contextmanager
    def one(self) -> Iterator[None]:
        """A write is under way as long as the block lasts."""
        done = asyncio.Event()
        self._writes.add(done)
        try:
            yield
        finally:
            self._writes.discard(done)
            done.set()

    async def settled_async(self, timeout_seconds: float) -> None:
        """Wait for those that are under way now; not for ever: a write may wait for a dead system of record."""
        writes = [asyncio.create_task(one.wait()) for one in self._writes]
        if writes:
            _, late = await asyncio.wait(writes, timeout=timeout_seconds)
            for one in late:
                one.cancel()
