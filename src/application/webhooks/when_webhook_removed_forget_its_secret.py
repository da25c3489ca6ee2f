"""After a removal nothing secret and nothing undelivered stays, even when the process died in the middle of it."""

from application.kernel.event_feed import RecordedFact
from application.kernel.subscriptions import Subscriber
from application.webhooks.deliveries import WebhookDeliveries
from application.webhooks.webhook_secrets import WebhookSecrets
from domain.webhooks.events import WebhookRemovedDomainEvent


class WhenWebhookRemovedForgetItsSecret(Subscriber):
    """Subscription ``webhooks-removed``."""

    name = "webhooks-removed"
    log = "webhooks"
    event_types = frozenset({WebhookRemovedDomainEvent.event_type})

    def __init__(self, webhook_secrets: WebhookSecrets, deliveries: WebhookDeliveries) -> None:
        self._secrets = webhook_secrets
        self._deliveries = deliveries

    async def handle_async(self, fact: RecordedFact) -> None:
        await self._secrets.remove_async(fact.event.aggregate_id)
        await self._deliveries.drop_pending_async(fact.event.aggregate_id)
