"""Overviews as they change, for everybody who looks: computed once for each question and change, however many look."""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
from neuroglia.hosting.abstractions import HostedService

from application.kernel.event_feed import EventFeed
from application.labops.log_pulse import SILENT, LogPulse
from application.labops.metrics.metric import TooMuchAskedError
from application.labops.overview import GlanceView, OverviewQuestion, OverviewView, document_of
from application.labops.specimen_table import SpecimenTable
from domain.kernel.errors import UnavailableError

LEAST_SECONDS_BETWEEN = 0.25
"""A burst of changes is shown four times a second."""
SHARE_OF_TIME = 4.0
"""Where an overview takes long, it rests so many times as long: streams must not take the machine from everybody."""
LONGEST_REST_SECONDS = 5.0
SECONDS_BETWEEN_GLANCES = 0.05
COUNTS_FIRST_SECONDS = 0.1
"""So long an overview lets the counts go first: both at once are slower than one after the other."""
TICK_SECONDS = 10.0
"""Something is said at least so often: what is open grows older by itself, and a silent stream may be a dead one."""
CATCH_UP_SECONDS = 5.0
MOST_QUESTIONS = 200

_MOVING = ("at", "position", "lag")
Compute = Callable[[OverviewQuestion], Awaitable[OverviewView]]
Glance = Callable[[OverviewQuestion], Awaitable[GlanceView]]


@dataclass(frozen=True, slots=True)
class LiveMessage:
    """What everybody who asks the same is told.

    Attributes:
        kind: ``overview`` (JSON of the whole), ``glance`` (counts after a change, the whole follows), ``tick`` (nothing
            has changed) or ``trouble`` (why it is not known).
        message_id: the same for the same content.
    """

    kind: str
    message_id: str
    body: str


_NO_ANSWER = LiveMessage("trouble", "", orjson.dumps({"detail": SILENT}).decode())


@dataclass(slots=True)
class _Channel:
    """One question, and who listens to its answers."""

    listeners: int = 0
    number: int = 0
    overview: LiveMessage | None = None
    latest: LiveMessage | None = None
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    counted: int = 0
    counted_on: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: tuple[asyncio.Task[None], ...] = ()

    def publish(self, message: LiveMessage) -> None:
        if message.kind == "overview":
            self.overview = message
        self.latest = message
        self.number += 1
        moved, self.moved = self.moved, asyncio.Event()
        moved.set()

    def count_to(self, position: int) -> None:
        self.counted = position
        counted_on, self.counted_on = self.counted_on, asyncio.Event()
        counted_on.set()

    async def wait_counted_async(self, position: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(COUNTS_FIRST_SECONDS):
                while self.counted < position:
                    await self.counted_on.wait()


class LiveOverviews(HostedService):
    """The open streams. A question that nobody listens to costs nothing.

    Args:
        compute: an overview, as it is now.
        feed: the log whose facts change overviews.
        table: computed from; it follows the same log.
        others: waits until the other read models that overviews show have come to a position of the log, or so many
            seconds; what they show is looked at again then. None where there are none.
        glance: counts that are told at once after a change; None where none are.
        confirm: asks the log whether it answers, see ``LogPulse``; None where that is not asked.
        wait_seconds, tick_seconds: see above.
    """

    def __init__(
        self,
        compute: Compute,
        feed: EventFeed,
        table: SpecimenTable,
        others: Callable[[int, float], Coroutine[Any, Any, bool]] | None = None,
        glance: Glance | None = None,
        confirm: Callable[[], Awaitable[object]] | None = None,
        *,
        wait_seconds: float = LEAST_SECONDS_BETWEEN,
        tick_seconds: float = TICK_SECONDS,
    ) -> None:
        self._compute = compute
        self._feed = feed
        self._table = table
        self._others = others
        self._glance = glance
        self._wait_seconds = wait_seconds
        self._tick_seconds = tick_seconds
        self._channels: dict[OverviewQuestion, _Channel] = {}
        self._pulse = None if confirm is None else LogPulse(confirm, self._tell)
        self._answers_again = asyncio.Event()

    @property
    def questions(self) -> int:
        """How many different questions are followed right now."""
        return len(self._channels)

    async def start_async(self) -> None:
        """Channels open when somebody listens."""

    async def stop_async(self) -> None:
        if self._pulse is not None:
            self._pulse.stop()
        tasks = [task for channel in self._channels.values() for task in channel.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def follow_async(self, question: OverviewQuestion, known: str | None = None) -> AsyncIterator[LiveMessage]:
        """Yield what is to be told, the overview as it is first, for ever. Who is slow misses what was in between.

        Args:
            known: id of the overview that the listener has already; it is told once that is no longer right.

        Raises:
            UnavailableError: too many different questions are followed.
        """
        channel = self._channels.get(question)
        if channel is None:
            if len(self._channels) >= MOST_QUESTIONS:
                raise UnavailableError(f"{MOST_QUESTIONS} different overviews are being followed already", 5.0)
            channel = self._channels[question] = _Channel()
            channel.tasks = (asyncio.create_task(self._run_async(question, channel), name="live-overview"),)
            if self._glance is not None:
                glances = self._glance_for_ever_async(self._glance, question, channel)
                channel.tasks += (asyncio.create_task(glances, name="live-glance"),)
        channel.listeners += 1
        if self._pulse is not None:
            self._pulse.start()
        try:
            async for message in _messages_async(channel, known):
                yield message
        finally:
            channel.listeners -= 1
            if not channel.listeners:
                for task in channel.tasks:
                    task.cancel()
                if self._channels.get(question) is channel:
                    del self._channels[question]
                if self._pulse is not None and not self._channels:
                    self._pulse.stop()

    @property
    def _is_silent(self) -> bool:
        return self._pulse is not None and self._pulse.stopped

    def _tell(self, silent: bool) -> None:
        if silent:
            for channel in self._channels.values():
                channel.publish(_NO_ANSWER)
        else:
            again, self._answers_again = self._answers_again, asyncio.Event()
            again.set()

    async def _run_async(self, question: OverviewQuestion, channel: _Channel) -> None:
        settled = 0
        while True:
            started, seen = time.monotonic(), self._feed.last_seen
            message = await self._message_async(question, channel.overview)
            # While the log does not answer nobody knows whether this is how it is.
            channel.publish(_NO_ANSWER if self._is_silent else message)
            # The first one pays for what is read and made ready once, and says nothing about the next.
            cost = 0.0 if channel.number == 1 else time.monotonic() - started
            rest = max(self._wait_seconds, min(SHARE_OF_TIME * cost, LONGEST_REST_SECONDS))
            try:
                if await self._moved_async(seen, settled):
                    settled = seen
            except UnavailableError:
                rest = max(rest, 1.0)
            remaining = started + rest - time.monotonic()
            if remaining > 0:
                await asyncio.sleep(remaining)
            await self._table.wait_for_async(self._feed.last_seen, CATCH_UP_SECONDS)
            if self._glance is not None:
                await channel.wait_counted_async(self._feed.last_seen)

    async def _glance_for_ever_async(self, glance: Glance, question: OverviewQuestion, channel: _Channel) -> None:
        """Tell the counts at once when the log grows: the overview that follows takes longer, and rests in between."""
        seen = self._feed.last_seen
        while True:
            try:
                if not await self._feed.wait_beyond_async(seen, self._tick_seconds):
                    continue
                seen = self._feed.last_seen
                await self._table.wait_for_async(seen, CATCH_UP_SECONDS)
                known = channel.overview
                if known is not None and not self._is_silent:
                    view = await glance(question)
                    # The id stays that of the overview: whoever comes back after this has that and no other.
                    channel.publish(LiveMessage("glance", known.message_id, _json(asdict(view))))
            except UnavailableError:  # the overview that follows says so
                channel.count_to(seen)
                await asyncio.sleep(1.0)
            channel.count_to(seen)
            await asyncio.sleep(SECONDS_BETWEEN_GLANCES)

    async def _moved_async(self, seen: int, settled: int) -> bool:
        """Wait for what may change an overview; tell whether it was the other read models, come to where it was."""
        grown = asyncio.create_task(self._feed.wait_beyond_async(seen, self._tick_seconds))
        again = asyncio.create_task(self._answers_again.wait())
        others: asyncio.Task[bool] | None = None
        if self._others is not None and settled < seen:
            others = asyncio.create_task(self._others(seen, self._tick_seconds))
        waits = [grown, again] if others is None else [grown, again, others]
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in done:
                wait.result()
            return others is not None and others.done()
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _message_async(self, question: OverviewQuestion, before: LiveMessage | None) -> LiveMessage:
        try:
            view = await self._compute(question)
        except (UnavailableError, TooMuchAskedError) as error:
            return LiveMessage("trouble", "", _json({"detail": str(error)}))
        document = document_of(view)
        moving = {name: document.pop(name) for name in _MOVING}
        message_id = hashlib.blake2b(_json(document).encode(), digest_size=9).hexdigest()
        if before is not None and before.message_id == message_id:
            return LiveMessage("tick", message_id, _json(moving))
        return LiveMessage("overview", message_id, _json(moving | document))


def _json(value: dict[str, Any]) -> str:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()


async def _messages_async(channel: _Channel, known: str | None) -> AsyncIterator[LiveMessage]:
    told = 0
    while True:
        moved = channel.moved
        if channel.number == told:
            await moved.wait()
            continue
        told, overview, latest = channel.number, channel.overview, channel.latest
        if overview is not None and overview.message_id != known:
            known = overview.message_id
            yield overview
            if latest is _NO_ANSWER:
                yield latest
        elif latest is not None and latest is not overview:
            yield latest
