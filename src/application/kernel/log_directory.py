"""The aggregates of a small log, at hand for every request: a read model in memory."""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from application.kernel.event_feed import CorruptFact, EventFeed, RecordedFact
from domain.kernel.aggregate import Aggregate
from domain.kernel.stream_events import StreamDeletedDomainEvent

LOOK_AGAIN_SECONDS = 1.0
_COMMITS = 500
log = logging.getLogger(__name__)

TAggregate = TypeVar("TAggregate", bound=Aggregate[Any])


class LogDirectory(ABC, Generic[TAggregate]):
    """Follows a log in memory. An event that cannot be read is logged and left out.

    What this process wrote is seen at once, what another one wrote within about a second.

    Args:
        feed: the log.
        monotonic: replaced in tests only.
    """

    def __init__(self, feed: EventFeed, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._feed = feed
        self._monotonic = monotonic
        self._streams: dict[str, TAggregate] = {}
        self._position = 0
        self._looked_at: float | None = None
        self._reading = asyncio.Lock()

    @property
    def position(self) -> int:
        """Up to where the log was read; nothing of the answers changes while this stands still."""
        return self._position

    @abstractmethod
    def blank(self, stream: str, /) -> TAggregate:
        """Return what the first event of a stream happens to."""

    async def catch_up_async(self) -> None:
        """Read what is new.

        Raises:
            UnavailableError: the log gives no answer.
        """
        if self._feed.last_seen <= self._position and not self._must_look():
            return
        async with self._reading:
            while await self._has_grown_async():
                corrupt: list[CorruptFact] = []
                facts, position = await self._feed.read_log_async(self._position, _COMMITS, None, corrupt)
                for fact in facts:
                    self._remember(fact)
                for one in corrupt:
                    log.error("an event of log %s cannot be read and is left out: %s", self._feed.log, one.error)
                if position == self._position:
                    return
                self._position = position

    def _must_look(self) -> bool:
        return self._looked_at is None or self._monotonic() - self._looked_at >= LOOK_AGAIN_SECONDS

    async def _has_grown_async(self) -> bool:
        if self._feed.last_seen > self._position:
            return True
        if not self._must_look():
            return False
        now = self._monotonic()
        grown = await self._feed.head_async() > self._position
        if not grown:
            self._looked_at = now
        return grown

    def _remember(self, fact: RecordedFact) -> None:
        if isinstance(fact.event, StreamDeletedDomainEvent):
            self._streams.pop(fact.stream, None)
            return
        if fact.stream not in self._streams:
            self._streams[fact.stream] = self.blank(fact.stream)
        self._streams[fact.stream].replay([fact.event])
