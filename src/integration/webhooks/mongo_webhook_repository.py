"""Webhooks as streams in the webhooks log."""

from domain.webhooks.repositories import WebhookRepository
from domain.webhooks.webhook import Webhook
from integration.mongo.events.event_sourced_repository import MongoEventSourcedRepository
from integration.mongo.events.event_store import MongoEventStore


class MongoWebhookRepository(MongoEventSourcedRepository[Webhook], WebhookRepository):
    """Webhooks as streams ``webhook-<webhook id>``."""

    def __init__(self, store: MongoEventStore) -> None:
        super().__init__(store, Webhook)

    async def get_all_async(self) -> list[Webhook]:
        return list((await self.get_by_id_prefix_async("")).values())
