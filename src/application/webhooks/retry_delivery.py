"""Try a delivery again by hand."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import conflicting, missing
from application.webhooks.deliveries import DeliveryView, WebhookDeliveries
from domain.webhooks.repositories import WebhookRepository


@dataclass(frozen=True, kw_only=True)
class RetryDeliveryCommand(Command[OperationResult[DeliveryView]]):
    """Send a parked delivery again, or a waiting one now instead of later."""

    webhook_id: str
    delivery_id: str


class RetryDeliveryCommandHandler(CommandHandler[RetryDeliveryCommand, OperationResult[DeliveryView]]):
    def __init__(self, webhooks: WebhookRepository, deliveries: WebhookDeliveries) -> None:
        self._webhooks = webhooks
        self._deliveries = deliveries

    async def handle_async(self, request: RetryDeliveryCommand) -> OperationResult[DeliveryView]:
        webhook = await self._webhooks.get_async(request.webhook_id)
        if webhook is None or webhook.state.removed:
            return missing("webhook", request.webhook_id)
        if await self._deliveries.get_async(request.webhook_id, request.delivery_id) is None:
            return missing("delivery", request.delivery_id)
        if not webhook.state.active:
            return conflicting(f"webhook {request.webhook_id} is inactive; make it active first")
        if not await self._deliveries.retry_async(request.webhook_id, request.delivery_id):
            return conflicting(f"delivery {request.delivery_id} has arrived already")
        delivery = await self._deliveries.get_async(request.webhook_id, request.delivery_id)
        return missing("delivery", request.delivery_id) if delivery is None else self.accepted(delivery)
