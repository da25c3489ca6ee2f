"""Runs one subscription: in order, at least once, parking what keeps failing."""

import time

import structlog

from application.kernel.event_feed import CorruptFact, EventFeed, RecordedFact
from application.kernel.lease_keeper import HeldLease
from application.kernel.leases import Leases
from application.kernel.subscriptions import AfterParking, Subscriber
from integration.mongo.driver import translating_outages
from integration.mongo.subscriptions.checkpoints import Checkpoint, Checkpoints
from integration.mongo.subscriptions.event_delivery import DeliveryFailedError, DeliveryStoppedError, deliver_async
from integration.mongo.subscriptions.held_reader import HeldReader
from integration.mongo.subscriptions.parked_events import ParkedEvents

log = structlog.get_logger(__name__)

BATCH_COMMITS = 200
LOOK_AGAIN_SECONDS = 1.0


class SubscriptionRunner(HeldReader):
    """Feeds a subscriber from its log and keeps its checkpoint.

    The checkpoint moves after every batch and when the runner stops, so a restart repeats at most what was handled
    of the last batch before a crash.
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
        while not self.should_stop(held):
            self.position = checkpoint.position
            await self._release_async(held)
            if not await self._feed.wait_beyond_async(checkpoint.position, LOOK_AGAIN_SECONDS):
                self.failure = None
                continue
            checkpoint = await self._batch_async(checkpoint, held)
            self.failure = None

    async def _first_checkpoint_async(self) -> Checkpoint:
        existing = await self._checkpoints.get_async(self.checkpoint_id)
        if existing is not None:
            return existing
        position = await self._feed.head_async() if self.subscriber.start_at_head else 0
        return await self._checkpoints.start_async(Checkpoint(self.checkpoint_id, self._feed.log, position))

    async def _batch_async(self, checkpoint: Checkpoint, held: HeldLease) -> Checkpoint:
        corrupt: list[CorruptFact] = []
        facts, read_up_to = await self._feed.read_log_async(
            checkpoint.position, BATCH_COMMITS, self.subscriber.event_types, corrupt
        )
        position = read_up_to
        everything: list[RecordedFact | CorruptFact] = sorted([*facts, *corrupt], key=_order)
        for fact in everything:
            if self.should_stop(held):
                position = fact.position - 1
                break
            try:
                await self._handle_async(fact, held)
            except DeliveryStoppedError:
                position = fact.position - 1
                break
        if position > checkpoint.position:
            with translating_outages("the checkpoint store"):
                await self._checkpoints.move_async(checkpoint, position, held.token)
        return Checkpoint(checkpoint.id, checkpoint.log, max(position, checkpoint.position))

    async def _handle_async(self, fact: RecordedFact | CorruptFact, held: HeldLease) -> None:
        if isinstance(fact, CorruptFact):
            await self._park_corrupt_async(fact)
        elif await self._is_blocked_async(fact.stream):
            state = "waiting" if self.subscriber.after_parking is AfterParking.WAIT else "parked"
            await self._parked.park_async(self.name, fact, state, 0, "an earlier event of this stream is parked")
        else:
            await self._deliver_async(fact, held)

    async def _is_blocked_async(self, stream: str) -> bool:
        if stream in self._blocked and not await self._parked.holds_async(self.name, stream):
            self._blocked.discard(stream)
        return stream in self._blocked

    async def _deliver_async(self, fact: RecordedFact, held: HeldLease) -> None:
        try:
            await deliver_async(self.subscriber, fact, lambda: self.should_stop(held))
        except DeliveryFailedError as error:
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


def _order(fact: RecordedFact | CorruptFact) -> tuple[int, int]:
    return fact.position, fact.index
