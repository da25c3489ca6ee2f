"""Every fact becomes a delivery for each webhook that wants it."""

from datetime import timedelta

from application.kernel.cloud_events import CloudEvents
from application.kernel.event_feed import RecordedFact
from application.kernel.subscriptions import Subscriber
from application.webhooks.deliveries import Lane, NewDelivery, WebhookDeliveries, delivery_id_of
from application.webhooks.webhook_directory import WebhookDirectory
from domain.webhooks.webhook import WebhookState

CLOCKS_APART = timedelta(seconds=5)


class QueueWebhookDeliveries(Subscriber):
    """Subscription ``webhooks-<log>``: one for each log. Sending is the delivery worker's business."""

    start_at_head = True

    def __init__(
        self, log: str, directory: WebhookDirectory, deliveries: WebhookDeliveries, cloud_events: CloudEvents
    ) -> None:
        self.name = f"webhooks-{log}"
        self.log = log
        self._directory = directory
        self._deliveries = deliveries
        self._cloud_events = cloud_events

    async def handle_async(self, fact: RecordedFact) -> None:
        webhooks = await self._directory.all_async()
        wanting = [one.id for one in webhooks if one.wants(fact.event.event_type) and _is_news_to(one, fact)]
        if wanting:
            body = self._cloud_events.of_fact(fact)
            await self._deliveries.queue_async([_delivery(fact, webhook_id, body) for webhook_id in wanting])


def _is_news_to(webhook: WebhookState, fact: RecordedFact) -> bool:
    """A subscription that lags must not tell a new webhook old stories. Clocks of processes differ a little."""
    return fact.stored_at >= webhook.created_at - CLOCKS_APART


def _delivery(fact: RecordedFact, webhook_id: str, body: bytes) -> NewDelivery:
    return NewDelivery(
        delivery_id=delivery_id_of(fact.log, fact.event.event_id, webhook_id),
        lane=Lane(webhook_id, f"{fact.log}/{fact.stream}"),
        log=fact.log,
        position=fact.position,
        index=fact.index,
        event_id=fact.event.event_id,
        event_type=fact.event.event_type,
        subject=fact.event.aggregate_id,
        body=body,
    )
