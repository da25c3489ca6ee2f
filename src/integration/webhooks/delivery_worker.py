"""Delivers to webhooks, in one process at a time: lanes side by side, each in order."""

import asyncio
from datetime import datetime, timedelta

import structlog
from neuroglia.hosting.abstractions import HostedService

from application.kernel.lease_keeper import HeldLease
from application.kernel.leases import Leases
from application.webhooks.deliveries import DeliveryQueue, Lane, WebhookDeliveries
from application.webhooks.webhook_directory import WebhookDirectory
from domain.kernel.clock import Clock
from domain.kernel.errors import UnavailableError
from integration.mongo.subscriptions.held_reader import HeldReader
from integration.webhooks.delivery_attempts import DeliveryAttempts
from integration.webhooks.lanes import Lanes

PER_WEBHOOK = 4
IN_ALL = 16
POLL_SECONDS = 1.0
SCAN_SECONDS = 30.0
CLOCKS_APART = timedelta(seconds=5)
_GRACE_SECONDS = 5.0

log = structlog.get_logger(__name__)


class WebhookDeliveryWorker(HeldReader, HostedService):
    """Works through the pending deliveries while it holds the lease ``webhook-deliveries``.

    What this process queues is sent at once; what another one queued is found within a second. Nothing is written
    before a try, so whatever was in flight when the process died is pending still and is sent again.
    """

    def __init__(
        self,
        queue: DeliveryQueue,
        deliveries: WebhookDeliveries,
        directory: WebhookDirectory,
        attempts: DeliveryAttempts,
        leases: Leases,
        clock: Clock,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        super().__init__("webhook-deliveries", "webhooks", leases)
        self._queue = queue
        self._deliveries = deliveries
        self._directory = directory
        self._attempts = attempts
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._lanes = Lanes(PER_WEBHOOK, IN_ALL)
        self._touched: set[Lane] = set()
        self._paused: set[str] = set()
        self._running: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        queue.call_when_due(self._on_due)

    @property
    def lease_key(self) -> str:
        return self.name

    async def start_async(self) -> None:
        self.start()

    async def stop_async(self, grace_seconds: float = 10.0) -> None:
        """Let tries under way finish for a moment, then let go of the lease."""
        self._stopping.set()
        self._wake.set()
        await super().stop_async(grace_seconds)

    async def work_async(self, held: HeldLease) -> None:
        self._lanes = Lanes(PER_WEBHOOK, IN_ALL)
        self._paused.clear()
        now = asyncio.get_running_loop().time
        polled_at = scanned_at = -SCAN_SECONDS
        try:
            while not self.should_stop(held):
                self._wake.clear()
                if now() - scanned_at >= SCAN_SECONDS:
                    scanned_at = now()
                    await self._scan_async()
                if now() - polled_at >= self._poll_seconds:
                    polled_at = now()
                    await self._poll_async()
                self._start_what_is_due()
                self.failure = None
                await self._wait_async()
        finally:
            await self._end_running_async(0.0 if held.lost.is_set() else _GRACE_SECONDS)

    def _on_due(self, lane: Lane) -> None:
        self._touched.add(lane)
        self._wake.set()

    async def _scan_async(self) -> None:
        for lane in await self._queue.lanes_async():
            self._lanes.find(lane)

    async def _poll_async(self) -> None:
        """Find what other processes queued, and webhooks that are active again."""
        since = self._clock.now() - CLOCKS_APART - timedelta(seconds=self._poll_seconds)
        self._touched.update(await self._queue.lanes_async(since))
        if self._paused:
            active = {webhook.id for webhook in await self._directory.all_async() if webhook.active}
            if self._paused & active:
                self._paused -= active
                await self._scan_async()

    def _start_what_is_due(self) -> None:
        while self._touched:
            self._lanes.touch(self._touched.pop())
        while (lane := self._lanes.take(self._clock.now())) is not None:
            task = asyncio.create_task(self._work_on_async(lane), name=f"deliver to {lane.webhook_id}")
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _wait_async(self) -> None:
        seconds = self._poll_seconds
        due_at = self._lanes.next_due()
        if due_at is not None:
            seconds = min(seconds, max((due_at - self._clock.now()).total_seconds(), 0.001))
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return

    async def _work_on_async(self, lane: Lane) -> None:
        lanes = self._lanes
        due_at: datetime | None = None
        try:
            due_at = await self._deliver_next_async(lane)
        except UnavailableError as error:
            self.failure = str(error)
            due_at = self._clock.now() + timedelta(seconds=1)
        except Exception as error:  # process edge: one lane's surprise must not stop the others
            self.failure = f"{type(error).__name__}: {error}"
            log.exception("webhook_delivery_failed", webhook_id=lane.webhook_id, stream=lane.stream)
            due_at = self._clock.now() + timedelta(seconds=5)
        finally:
            lanes.release(lane, due_at)
            self._wake.set()

    async def _deliver_next_async(self, lane: Lane) -> datetime | None:
        """Try the first delivery of a lane; returns when to look at the lane again, None when there is no need."""
        webhook = await self._directory.get_async(lane.webhook_id)
        if webhook is None:
            await self._deliveries.drop_pending_async(lane.webhook_id)
            return None
        if not webhook.active:
            self._paused.add(lane.webhook_id)
            return None
        delivery = await self._queue.next_async(lane)
        if delivery is None or delivery.due_at > self._clock.now():
            return None if delivery is None else delivery.due_at
        return await self._attempts.attempt_async(delivery, webhook)

    async def _end_running_async(self, grace_seconds: float) -> None:
        running = set(self._running)
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=grace_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
