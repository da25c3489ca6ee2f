"""Look at one delivery."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.refusals import missing
from application.webhooks.deliveries import DeliveryView, WebhookDeliveries
from domain.webhooks.repositories import WebhookRepository


@dataclass(frozen=True, kw_only=True)
class GetDeliveryQuery(Query[OperationResult[DeliveryView]]):
    """One delivery with every attempt that is kept."""

    webhook_id: str
    delivery_id: str


class GetDeliveryQueryHandler(QueryHandler[GetDeliveryQuery, OperationResult[DeliveryView]]):
    def __init__(self, webhooks: WebhookRepository, deliveries: WebhookDeliveries) -> None:
        self._webhooks = webhooks
        self._deliveries = deliveries

    async def handle_async(self, request: GetDeliveryQuery) -> OperationResult[DeliveryView]:
        webhook = await self._webhooks.get_async(request.webhook_id)
        if webhook is None or webhook.state.removed:
            return missing("webhook", request.webhook_id)
        delivery = await self._deliveries.get_async(request.webhook_id, request.delivery_id)
        return missing("delivery", request.delivery_id) if delivery is None else self.ok(delivery)
