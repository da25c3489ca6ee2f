"""Remove a webhook."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import missing, precondition_failed
from application.webhooks.deliveries import WebhookDeliveries
from application.webhooks.webhook_secrets import WebhookSecrets
from domain.kernel.clock import Clock
from domain.webhooks.repositories import WebhookRepository


@dataclass(frozen=True, kw_only=True)
class RemoveWebhookCommand(Command[OperationResult[None]]):
    """Forget an address, its secret and what was still to be delivered to it."""

    webhook_id: str
    expected_version: int | None = None


class RemoveWebhookCommandHandler(CommandHandler[RemoveWebhookCommand, OperationResult[None]]):
    def __init__(
        self,
        webhooks: WebhookRepository,
        webhook_secrets: WebhookSecrets,
        deliveries: WebhookDeliveries,
        clock: Clock,
    ) -> None:
        self._webhooks = webhooks
        self._secrets = webhook_secrets
        self._deliveries = deliveries
        self._clock = clock

    async def handle_async(self, request: RemoveWebhookCommand) -> OperationResult[None]:
        webhook = await self._webhooks.get_async(request.webhook_id)
        if webhook is None or webhook.state.removed:
            return missing("webhook", request.webhook_id)
        if request.expected_version not in (None, webhook.state.state_version):
            return precondition_failed(f"webhook {request.webhook_id} is in version {webhook.state.state_version}")
        webhook.remove(self._clock.now())
        await self._webhooks.update_async(webhook)
        # Here, so that it is done when the answer comes; the subscriber repeats it in case we die in between.
        await self._secrets.remove_async(request.webhook_id)
        await self._deliveries.drop_pending_async(request.webhook_id)
        return self.no_content()
