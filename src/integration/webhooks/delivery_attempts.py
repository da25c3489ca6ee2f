"""One try of one delivery, and what follows from it."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus

import structlog
from neuroglia.mediation.mediator import Mediator
from opentelemetry import metrics

from application.kernel.request_context import RequestContext, acting_as
from application.webhooks.deliveries import DeliveryAttempt, DeliveryQueue, PendingDelivery
from application.webhooks.disable_webhook import DisableWebhookCommand
from application.webhooks.ports import WebhookSender
from application.webhooks.retry_schedule import RetrySchedule
from domain.kernel.clock import Clock
from domain.webhooks.webhook import WebhookState

log = structlog.get_logger(__name__)
_attempts = metrics.get_meter("labkeeper").create_counter(
    "labkeeper.webhook.attempts", description="Tries to deliver to webhooks, by outcome"
)


class DeliveryAttempts:
    """Sends what is due and records what came of it.

    Args:
        schedule: when to try again.
        chance: 0..1, spreads the waits; replaced in tests only.
    """

    def __init__(
        self,
        queue: DeliveryQueue,
        sender: WebhookSender,
        mediator: Mediator,
        clock: Clock,
        schedule: RetrySchedule | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._queue = queue
        self._sender = sender
        self._mediator = mediator
        self._clock = clock
        self._schedule = schedule or RetrySchedule()
        self._chance = chance

    async def attempt_async(self, delivery: PendingDelivery, webhook: WebhookState) -> datetime:
        """Try a delivery once.

        Returns:
            When to look at its lane again.

        Raises:
            UnavailableError: our own store gives no answer. What was sent but not recorded is sent again.
        """
        began = self._clock.now()
        sent = await self._sender.send_async(webhook.id, webhook.url, delivery.delivery_id, delivery.body)
        attempt = DeliveryAttempt(began, sent.duration_ms, sent.status, sent.error)
        now = self._clock.now()
        if sent.delivered:
            await self._queue.delivered_async(delivery, attempt, sent.answer)
            _attempts.add(1, {"outcome": "delivered"})
            return now
        next_at = self._schedule.next_at(
            now, delivery.trying_since or began, delivery.failures + 1, sent.retry_after_seconds, self._chance()
        )
        gone = sent.status == HTTPStatus.GONE
        if next_at is None and not gone:
            await self._queue.parked_async(delivery, attempt, sent.answer)
            _attempts.add(1, {"outcome": "parked"})
            log.warning("webhook_delivery_parked", webhook_id=webhook.id, delivery_id=delivery.delivery_id)
            return now
        next_at = next_at or now + timedelta(seconds=self._schedule.cap_seconds)
        await self._queue.failed_async(delivery, attempt, sent.answer, next_at)
        _attempts.add(1, {"outcome": "failed"})
        if gone:
            await self._disable_async(webhook.id)
        return next_at

    async def _disable_async(self, webhook_id: str) -> None:
        with acting_as(RequestContext(actor="system:webhook-deliveries")):
            reason = "the receiver answered 410 Gone"
            await self._mediator.execute_async(DisableWebhookCommand(webhook_id=webhook_id, reason=reason))
        log.warning("webhook_disabled", webhook_id=webhook_id, reason=reason)
