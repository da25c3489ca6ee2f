"""Try a webhook out."""

import secrets
from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.cloud_events import CloudEvents
from application.kernel.refusals import missing
from application.webhooks.ports import WebhookSender
from domain.kernel.clock import Clock
from domain.webhooks.repositories import WebhookRepository


@dataclass(frozen=True, slots=True)
class PingView:
    """What a ping brought: ``status`` is the receiver's (None without an answer), ``error`` None when it arrived."""

    delivered: bool
    status: int | None
    duration_ms: int
    error: str | None


@dataclass(frozen=True, kw_only=True)
class PingWebhookCommand(Command[OperationResult[PingView]]):
    """Send a signed ``webhooks.ping.v1`` right now, once, also to an inactive webhook."""

    webhook_id: str


class PingWebhookCommandHandler(CommandHandler[PingWebhookCommand, OperationResult[PingView]]):
    def __init__(
        self, webhooks: WebhookRepository, sender: WebhookSender, cloud_events: CloudEvents, clock: Clock
    ) -> None:
        self._webhooks = webhooks
        self._sender = sender
        self._cloud_events = cloud_events
        self._clock = clock

    async def handle_async(self, request: PingWebhookCommand) -> OperationResult[PingView]:
        webhook = await self._webhooks.get_async(request.webhook_id)
        if webhook is None or webhook.state.removed:
            return missing("webhook", request.webhook_id)
        message_id = secrets.token_hex(16)
        body = self._cloud_events.ping(message_id, request.webhook_id, self._clock.now())
        sent = await self._sender.send_async(request.webhook_id, webhook.state.url, message_id, body)
        return self.ok(PingView(sent.delivered, sent.status, sent.duration_ms, sent.error))
