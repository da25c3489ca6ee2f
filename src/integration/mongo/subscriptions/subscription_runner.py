"""Runs one subscription: in order, at least once, parking what keeps failing."""

import asyncio
import time

import structlog

from application.kernel.event_feed import CorruptFact, EventFeed, RecordedFact
from application.kernel.lease_keeper import HeldLease
from application.kernel.leases import Leases
from application.kernel.subscriptions import AfterParking, Subscriber
from domain.kernel.errors import UnavailableError
from integration.mongo.driver import translating_outages
from integration.mongo.subscriptions.checkpoints import Checkpoint, Checkpoints
from integration.mongo.subscriptions.event_delivery import DeliveryFailedError, DeliveryStoppedError, deliver_async
from integration.mongo.subscriptions.held_reader import HeldReader
from integration.mongo.subscriptions.pace import Pace
from integration.mongo.subscriptions.parked_events import ParkedEvents
from integration.mongo.subscriptions.read_ahead import PAGE_COMMITS, ReadAhead

log = structlog.get_logger(__name__)

BATCH_COMMITS = 1_000
CHECKPOINT_SECONDS = 1.0
LOOK_AGAIN_SECONDS = 1.0
TURN_SECONDS = 0.001
"""After so long without waiting for anything, others get a turn."""


class SubscriptionRunner(HeldReader):
    """Feeds a subscriber from its log and keeps its checkpoint.

    The checkpoint moves where the log ends, after ``BATCH_COMMITS`` commits, with the first event that is done
    ``CHECKPOINT_SECONDS`` after the last move, before a failed read is told, and when the runner stops. So a crash lets
    at most ``BATCH_COMMITS`` commits be repeated, and of them at most what was handled within that time. A stop lets
    nothing be repeated but earlier events of a commit that was not handled to its end.
    """

    kind = "subscriber"

    def __init__(
        self, subscriber: Subscriber, feed: EventFeed, leases: Leases, checkpoints: Checkpoints, parked: ParkedEvents
    ) -> None:
        super().__init__(subscriber.name, subscriber.log, leases)
        self.subscriber = subscriber
        self.checkpoint_id = f"subscription:{subscriber.name}"
        self._feed = feed
        self._checkpoints = checkpoints
        self._parked = parked
        self._blocked: set[str] = set()
        self._looked_at = 0.0

    async def work_async(self, held: HeldLease) -> None:
        checkpoint = await self._first_checkpoint_async()
        await self._parked.give_back_abandoned_async(self.name)
        self._blocked = await self._parked.blocked_streams_async(self.name)
        pace = Pace()
        async with ReadAhead(self._feed, checkpoint.position, self.subscriber.event_types) as pages:
            while not self.should_stop(held):
                self.position = checkpoint.position
                await self._release_async(held)
                if pages.rest or await self._grown_async(checkpoint.position):
                    if not pages.rest:
                        await asyncio.sleep(pace.pause_seconds(self._feed.last_seen - checkpoint.position))
                    before = checkpoint.position
                    checkpoint = await self._stretch_async(pages, checkpoint, held)
                    pace.worked(checkpoint.position - before)
                self.failure = None

    async def _grown_async(self, position: int) -> bool:
        return bool(await self.unless_stopping_async(self._feed.wait_beyond_async(position, LOOK_AGAIN_SECONDS)))

    async def _first_checkpoint_async(self) -> Checkpoint:
        existing = await self._checkpoints.get_async(self.checkpoint_id)
        if existing is not None:
            return existing
        position = await self._feed.head_async() if self.subscriber.start_at_head else 0
        return await self._checkpoints.start_async(Checkpoint(self.checkpoint_id, self._feed.log, position))

    async def _stretch_async(self, pages: ReadAhead, checkpoint: Checkpoint, held: HeldLease) -> Checkpoint:
        """Handle events until it is time to move the checkpoint, to wait or to stop; then move it."""
        failure: UnavailableError | None = None
        try:
            await self._handle_async(pages, checkpoint.position + BATCH_COMMITS, held)
        except DeliveryStoppedError:
            log.debug("event_left_for_later", subscription=self.name, position=pages.done_up_to)
        except UnavailableError as error:
            failure = error  # told after what was handled before it is safe
        position = pages.done_up_to
        if position > checkpoint.position:
            with translating_outages("the checkpoint store"):
                await self._checkpoints.move_async(checkpoint, position, held.token)
            checkpoint = Checkpoint(checkpoint.id, checkpoint.log, position)
        if failure is not None:
            raise failure
        return checkpoint

    async def _handle_async(self, pages: ReadAhead, up_to: int, held: HeldLease) -> None:
        blocked = self._blocked

        def stopped() -> bool:
            return self.should_stop(held)

        now = time.monotonic()
        end, turn_ends = now + CHECKPOINT_SECONDS, now + TURN_SECONDS
        while not stopped():
            if not pages.rest:
                if pages.read_up_to + PAGE_COMMITS > up_to or not await pages.turn_page_async():
                    return
                continue
            fact = pages.rest[0]
            if isinstance(fact, CorruptFact):
                await self._park_corrupt_async(fact)
            elif fact.stream in blocked and await self._is_blocked_async(fact.stream):
                await self._set_aside_async(fact)
            else:
                try:
                    await deliver_async(self.subscriber, fact, stopped)
                except DeliveryFailedError as error:
                    await self._park_async(fact, error)
            pages.rest.popleft()
            now = time.monotonic()
            if now >= end:
                return
            if now >= turn_ends:
                await asyncio.sleep(0)
                turn_ends = time.monotonic() + TURN_SECONDS

    async def _is_blocked_async(self, stream: str) -> bool:
        if not await self._parked.holds_async(self.name, stream):
            self._blocked.discard(stream)
        return stream in self._blocked

    async def _set_aside_async(self, fact: RecordedFact) -> None:
        state = "waiting" if self.subscriber.after_parking is AfterParking.WAIT else "parked"
        await self._parked.park_async(self.name, fact, state, 0, "an earlier event of this stream is parked")

    async def _park_async(self, fact: RecordedFact, error: DeliveryFailedError) -> None:
        await self._parked.park_async(self.name, fact, "parked", error.attempts, str(error))
        self._blocked.add(fact.stream)

    async def _park_corrupt_async(self, corrupt: CorruptFact) -> None:
        log.error("corrupt_event", subscription=self.name, error=corrupt.error)
        await self._parked.park_corrupt_async(self.name, corrupt)
        self._blocked.add(corrupt.stream)

    async def _release_async(self, held: HeldLease) -> None:
        """Hand over what waited behind an event that was replayed or dropped meanwhile."""
        if not self._blocked or time.monotonic() - self._looked_at < LOOK_AGAIN_SECONDS:
            return
        self._looked_at = time.monotonic()
        stuck: set[str] = set()
        for entry in await self._parked.released_async(self.name):
            if self.should_stop(held) or entry["stream"] in stuck:
                continue
            facts, _ = await self._feed.read_log_async(entry["position"] - 1, 1, None, [])
            fact = next((one for one in facts if one.index == entry["index"]), None)
            try:
                if fact is not None:
                    await deliver_async(self.subscriber, fact, lambda: self.should_stop(held))
                await self._parked.drop_async(self.name, entry["_id"])
            except DeliveryStoppedError:
                return
            except DeliveryFailedError as error:
                await self._parked.put_back_async(entry, attempts=error.attempts, error=str(error))
                stuck.add(entry["stream"])
        self._blocked = await self._parked.blocked_streams_async(self.name)
