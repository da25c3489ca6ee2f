"""List the deliveries of a webhook."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.paging import DEFAULT_LIMIT, Cursor, Page, newest_before
from application.kernel.refusals import missing
from application.webhooks.deliveries import DeliveryStatus, DeliveryView, WebhookDeliveries
from domain.webhooks.repositories import WebhookRepository


@dataclass(frozen=True, kw_only=True)
class ListDeliveriesQuery(Query[OperationResult[Page[DeliveryView]]]):
    """Deliveries of one webhook, newest first, each with its latest attempts."""

    webhook_id: str
    status: DeliveryStatus | None = None
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class ListDeliveriesQueryHandler(QueryHandler[ListDeliveriesQuery, OperationResult[Page[DeliveryView]]]):
    def __init__(self, webhooks: WebhookRepository, deliveries: WebhookDeliveries) -> None:
        self._webhooks = webhooks
        self._deliveries = deliveries

    async def handle_async(self, request: ListDeliveriesQuery) -> OperationResult[Page[DeliveryView]]:
        scope = f"deliveries|{request.webhook_id}|{request.status}"
        before = newest_before(request.cursor, scope)
        webhook = await self._webhooks.get_async(request.webhook_id)
        if webhook is None or webhook.state.removed:
            return missing("webhook", request.webhook_id)
        found = await self._deliveries.list_async(request.webhook_id, request.status, request.limit + 1, before)
        page = found[: request.limit]
        more = len(found) > len(page)
        return self.ok(Page(page, Cursor.encode([page[-1].queued_at, page[-1].delivery_id], scope) if more else None))
