"""Facts of several logs as one stream that can be resumed where it broke off."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence

from application.kernel.cloud_events import CloudEvents, worker_of
from application.kernel.event_feed import EventFeed, RecordedFact
from application.kernel.fact_types import FactTypes
from domain.kernel.type_patterns import fits

StreamPlace = dict[str, tuple[int, int]]
"""By log: the position of the last commit seen and the index of the last event seen in it."""

BATCH_COMMITS = 100
LOOK_AGAIN_SECONDS = 5.0
WHOLE_COMMIT = 999_999


class FactAudience(ABC):
    """Who hears of the facts of one log, whatever their role."""

    log: str

    @abstractmethod
    async def hears_async(self, username: str, fact: RecordedFact) -> bool:
        """Tell whether a person may know of a fact.

        Raises:
            UnavailableError: that cannot be found out right now.
        """


class Nobody(FactAudience):
    """For logs that nobody may follow."""

    def __init__(self, log: str) -> None:
        self.log = log

    async def hears_async(self, username: str, fact: RecordedFact) -> bool:  # noqa: ARG002  # says no to everybody
        return False


class EventStream:
    """Follows logs by position.

    Args:
        feeds: the logs that people may follow.
        cloud_events: how a fact is written.
        audiences: who hears of what; everybody hears of the logs that have none.
        types: of the facts of these logs.
    """

    def __init__(
        self,
        feeds: Sequence[EventFeed],
        cloud_events: CloudEvents,
        audiences: Sequence[FactAudience] = (),
        types: FactTypes | None = None,
    ) -> None:
        self.types = types or FactTypes()
        self._feeds = {feed.log: feed for feed in feeds}
        self._audiences = {audience.log: audience for audience in audiences}
        self._cloud_events = cloud_events

    async def here_async(self) -> StreamPlace:
        """Return the place after everything that has happened so far."""
        return {log: (await feed.head_async(), WHOLE_COMMIT) for log, feed in self._feeds.items()}

    async def has_reached_async(self, place: StreamPlace) -> bool:
        """Tell whether a place lies in what has happened so far, in logs that are there."""
        for log, (position, _) in place.items():
            feed = self._feeds.get(log)
            if feed is None or position > await feed.head_async():
                return False
        return True

    async def follow_async(
        self,
        place: StreamPlace,
        types: Sequence[str],
        workers: frozenset[str],
        *,
        listener: str,
        until: StreamPlace | None = None,
    ) -> AsyncIterator[tuple[StreamPlace, RecordedFact, bytes]]:
        """Yield wanted facts after a place for ever, each with the place it stands at and its JSON.

        Args:
            types: stored type names or ``prefix.*``; none for all.
            workers: ids of workers; none for all.
            listener: who listens.
            until: end once everything up to this place was told; None to go on for ever.
        """
        reached = {log: place.get(log, (0, WHOLE_COMMIT)) for log in self._feeds}
        while True:
            moved = False
            for log, feed in self._feeds.items():
                position, index = reached[log]
                after = position if index >= WHOLE_COMMIT else max(0, position - 1)
                facts, read_up_to = await feed.read_log_async(after, BATCH_COMMITS, None, [])
                for fact in facts:
                    if (fact.position, fact.index) <= (position, index):
                        continue
                    reached[log] = (fact.position, fact.index)
                    if _wanted(fact, types, workers) and await self._hears_async(listener, fact):
                        yield dict(reached), fact, self._cloud_events.of_fact(fact)
                moved = moved or read_up_to > position
                reached[log] = max(reached[log], (read_up_to, WHOLE_COMMIT))
            if until is not None and all(reached[log] >= end for log, end in until.items()):
                return
            if not moved:
                await self._wait_async({log: at for log, (at, _) in reached.items()})

    async def _hears_async(self, listener: str, fact: RecordedFact) -> bool:
        audience = self._audiences.get(fact.log)
        return audience is None or await audience.hears_async(listener, fact)

    async def _wait_async(self, positions: dict[str, int]) -> None:
        waits = [
            asyncio.create_task(feed.wait_beyond_async(positions[log], LOOK_AGAIN_SECONDS))
            for log, feed in self._feeds.items()
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)


def _wanted(fact: RecordedFact, types: Sequence[str], workers: frozenset[str]) -> bool:
    name = fact.event.event_type
    if types and not any(fits(pattern, name) for pattern in types):
        return False
    return not workers or worker_of(fact) in workers
