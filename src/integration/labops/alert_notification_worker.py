"""Sends notifications, in one process at a time: channels side by side, each in order.

What is under way is noted right before it is sent, after it has waited for its turn. When the answer is lost, or this
process dies before it is written down, the notification is unconfirmed and not sent again: two messages for one state
of an alert are worse than none, for the alert's next state is told all the same, and everybody can see here what was
not confirmed. Webhooks are sent again: their receivers know a message by its id.
"""

import asyncio

import structlog
from neuroglia.hosting.abstractions import HostedService
from opentelemetry import metrics

from application.kernel.credentials import CredentialsUnreadableError
from application.kernel.lease_keeper import HeldLease
from application.kernel.leases import Leases
from application.labops.alerts.channel_addresses import ChannelAddresses
from application.labops.alerts.configured_channel import ConfiguredChannel
from application.labops.alerts.notifications import (
    CONFIGURED_CHANNEL,
    DueNotification,
    NotificationAttempt,
    NotificationQueue,
    NotificationStatus,
)
from application.labops.alerts.sending import ChannelSender, NotificationSchedule, SendFate
from domain.kernel.clock import Clock
from domain.kernel.errors import UnavailableError
from domain.labops.alert_channel import ChannelKind
from domain.labops.alert_repositories import AlertChannelRepository
from integration.mongo.subscriptions.held_reader import HeldReader

POLL_SECONDS = 1.0
_GRACE_SECONDS = 5.0

log = structlog.get_logger(__name__)
_attempts = metrics.get_meter("labkeeper").create_counter(
    "labkeeper.alert.notifications", description="Tries to notify channels of alerts, by outcome"
)


class AlertNotificationWorker(HeldReader, HostedService):
    """Works while it holds the lease ``alert-notification-worker``."""

    def __init__(
        self,
        queue: NotificationQueue,
        channels: AlertChannelRepository,
        channel_addresses: ChannelAddresses,
        configured: ConfiguredChannel,
        sender: ChannelSender,
        schedule: NotificationSchedule,
        leases: Leases,
        clock: Clock,
    ) -> None:
        super().__init__("alert-notification-worker", "labops", leases)
        self._queue = queue
        self._channels = channels
        self._addresses = channel_addresses
        self._configured = configured
        self._sender = sender
        self._schedule = schedule
        self._clock = clock
        self._poll_seconds = POLL_SECONDS
        self._running: dict[str, asyncio.Task[None]] = {}
        self._in_doubt = True
        self._wake = asyncio.Event()
        queue.call_when_due(self._wake.set)

    @property
    def lease_key(self) -> str:
        return self.name

    async def start_async(self) -> None:
        self.start()

    async def stop_async(self, grace_seconds: float = 10.0) -> None:
        """Let what is under way finish for a moment, then let go of the lease."""
        self._stopping.set()
        self._wake.set()
        await super().stop_async(grace_seconds)

    async def work_async(self, held: HeldLease) -> None:
        self._in_doubt = True
        try:
            while not self.should_stop(held):
                self._wake.clear()
                if self._in_doubt and not self._running:
                    await self._settle_doubts_async()
                for channel_id in await self._queue.channels_due_async(self._clock.now()):
                    if channel_id not in self._running:
                        task = asyncio.create_task(self._empty_async(channel_id, held), name=f"notify {channel_id}")
                        self._running[channel_id] = task
                self.failure = None
                await self._wait_async()
        finally:
            await self._end_running_async(0.0 if held.lost.is_set() else _GRACE_SECONDS)

    async def _wait_async(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), self._poll_seconds)
        except TimeoutError:
            return

    async def _empty_async(self, channel_id: str, held: HeldLease) -> None:
        try:
            while not self.should_stop(held) and await self._send_next_async(channel_id, held):
                pass
        except UnavailableError as error:
            self._in_doubt = True
            self.failure = str(error)
        except Exception as error:  # process edge: one channel's surprise must not stop the others
            self._in_doubt = True
            self.failure = f"{type(error).__name__}: {error}"
            log.exception("alert_notification_failed", channel_id=channel_id)
        finally:
            del self._running[channel_id]

    async def _send_next_async(self, channel_id: str, held: HeldLease) -> bool:
        """Send a channel's next notification; False when none is due, or another process works now."""
        due = await self._queue.first_due_async(channel_id, self._clock.now())
        if due is None:
            return False
        try:
            found = await self._receiver_async(channel_id)
        except CredentialsUnreadableError:
            found = ChannelKind.TEAMS_WORKFLOW, None, False
        if found is not None and found[1] is not None:
            # Before it is noted as under way: whatever ends while it only waits for its turn leaves no doubt.
            await self._sender.wait_for_turn_async(found[1])
        if self.should_stop(held):
            return False
        if await self._queue.claim_async(due, self._clock.now()):
            await self._send_async(due, found)
        return True

    async def _settle_doubts_async(self) -> None:
        """Give up what a process noted as under way that is gone now; only while nothing of ours is."""
        lost = await self._queue.confirm_nothing_async()
        self._in_doubt = False
        if lost:
            log.warning("alert_notifications_unconfirmed", number=lost)

    async def _send_async(self, claimed: DueNotification, found: tuple[ChannelKind, str | None, bool] | None) -> None:
        settle = self._queue.settle_async
        began = self._clock.now()
        if found is None:
            await settle(claimed.notification_id, NotificationStatus.DROPPED, None)
            return
        kind, url, dry_run = found
        if dry_run:
            await settle(claimed.notification_id, NotificationStatus.DRY_RUN, None)
        elif kind is ChannelKind.LOG:
            log.warning("alert", title=claimed.title, about=claimed.about, subject=claimed.subject)
            await settle(
                claimed.notification_id, NotificationStatus.DELIVERED, NotificationAttempt(began, 0, None, None)
            )
        elif url is None:
            attempt = NotificationAttempt(began, 0, None, "there is no address that can be read; set it again")
            await settle(claimed.notification_id, NotificationStatus.PARKED, attempt)
        else:
            await self._call_async(claimed, kind, url)

    async def _call_async(self, claimed: DueNotification, kind: ChannelKind, url: str) -> None:
        began = self._clock.now()
        sent = await self._sender.send_async(claimed.channel_id, kind, url, claimed.notification_id, claimed.body)
        attempt = NotificationAttempt(began, sent.duration_ms, sent.status, sent.error)
        _attempts.add(1, {"outcome": sent.fate.value})
        settled = {
            SendFate.TAKEN: NotificationStatus.DELIVERED,
            SendFate.UNKNOWN: NotificationStatus.UNCONFIRMED,
            SendFate.REFUSED: NotificationStatus.PARKED,
        }.get(sent.fate)
        if settled is None:
            next_at = self._schedule.next_at(self._clock.now(), claimed.failures + 1, sent.retry_after_seconds)
            if next_at is not None:
                await self._queue.put_off_async(claimed.notification_id, attempt, next_at)
                return
            settled = NotificationStatus.PARKED
        if settled is not NotificationStatus.DELIVERED:
            log.warning(
                "alert_notification_not_delivered",
                channel_id=claimed.channel_id,
                notification_id=claimed.notification_id,
                status=settled.value,
                why=sent.error,
            )
        await self._queue.settle_async(claimed.notification_id, settled, attempt)

    async def _receiver_async(self, channel_id: str) -> tuple[ChannelKind, str | None, bool] | None:
        """Return kind, address and whether nothing is to be sent; None when the channel is gone."""
        if channel_id == CONFIGURED_CHANNEL:
            return (self._configured.kind, self._configured.url, False) if self._configured.url else None
        channel = await self._channels.get_async(channel_id)
        if channel is None or channel.state.removed:
            return None
        state = channel.state
        url = await self._addresses.get_async(channel_id) if state.kind.has_address and not state.dry_run else None
        return state.kind, url, state.dry_run

    async def _end_running_async(self, grace_seconds: float) -> None:
        running = set(self._running.values())
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=grace_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
