"""Look at one webhook."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.refusals import missing
from application.webhooks.views import WebhookView, webhook_view
from domain.webhooks.repositories import WebhookRepository


@dataclass(frozen=True, kw_only=True)
class GetWebhookQuery(Query[OperationResult[WebhookView]]):
    """One webhook, without its secret."""

    webhook_id: str


class GetWebhookQueryHandler(QueryHandler[GetWebhookQuery, OperationResult[WebhookView]]):
    def __init__(self, webhooks: WebhookRepository) -> None:
        self._webhooks = webhooks

    async def handle_async(self, request: GetWebhookQuery) -> OperationResult[WebhookView]:
        webhook = await self._webhooks.get_async(request.webhook_id)
        if webhook is None or webhook.state.removed:
            return missing("webhook", request.webhook_id)
        return self.ok(webhook_view(webhook))
