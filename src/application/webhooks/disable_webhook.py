"""Disable a webhook whose receiver wants no more."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import missing
from application.webhooks.views import WebhookView, webhook_view
from domain.kernel.clock import Clock
from domain.webhooks.repositories import WebhookRepository


@dataclass(frozen=True, kw_only=True)
class DisableWebhookCommand(Command[OperationResult[WebhookView]]):
    """Send nothing to an address until somebody makes it active again."""

    webhook_id: str
    reason: str


class DisableWebhookCommandHandler(CommandHandler[DisableWebhookCommand, OperationResult[WebhookView]]):
    def __init__(self, webhooks: WebhookRepository, clock: Clock) -> None:
        self._webhooks = webhooks
        self._clock = clock

    async def handle_async(self, request: DisableWebhookCommand) -> OperationResult[WebhookView]:
        webhook = await self._webhooks.get_async(request.webhook_id)
        if webhook is None or webhook.state.removed:
            return missing("webhook", request.webhook_id)
        if webhook.disable(request.reason, self._clock.now()):
            await self._webhooks.update_async(webhook)
        return self.ok(webhook_view(webhook))
