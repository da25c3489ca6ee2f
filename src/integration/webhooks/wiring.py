"""Puts the webhooks context together."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from neuroglia.dependency_injection.service_provider import ServiceCollection
from neuroglia.hosting.abstractions import HostedService

from application.contracts.signed_messages import SignedMessages
from application.kernel.cloud_events import CloudEvents
from application.kernel.credentials import CredentialStore
from application.kernel.fact_types import FactTypes
from application.kernel.handlers import register_handlers
from application.kernel.subscriptions import Subscriber
from application.webhooks.deliveries import DeliveryQueue, WebhookDeliveries
from application.webhooks.ports import WebhookSender
from application.webhooks.queue_webhook_deliveries import QueueWebhookDeliveries
from application.webhooks.webhook_directory import WebhookDirectory
from application.webhooks.webhook_secrets import WebhookSecrets
from application.webhooks.when_webhook_removed_forget_its_secret import WhenWebhookRemovedForgetItsSecret
from domain.kernel.clock import Clock
from domain.webhooks.events import WEBHOOKS_EVENTS
from domain.webhooks.repositories import WebhookRepository
from integration.http.address_policy import AddressPolicy
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.event_store import MongoEventStore
from integration.webhooks.delivery_attempts import DeliveryAttempts
from integration.webhooks.delivery_worker import WebhookDeliveryWorker
from integration.webhooks.http_webhook_sender import HttpWebhookSender
from integration.webhooks.mongo_webhook_deliveries import MongoWebhookDeliveries
from integration.webhooks.mongo_webhook_repository import MongoWebhookRepository
from integration.webhooks.signed_messages import WebhookSignedMessages

LOG = "webhooks"


@dataclass(frozen=True)
class WebhooksContext:
    """What the application does with the context.

    Attributes:
        log: its event log; one more feed for the subscriptions.
        subscribers: to be run with the others.
    """

    log: MongoEventStore
    subscribers: tuple[Subscriber, ...]
    deliveries: MongoWebhookDeliveries
    sender: HttpWebhookSender

    async def prepare_async(self) -> None:
        """Make the indexes; to be called before anything starts."""
        await self.log.prepare_async()
        await self.deliveries.prepare_async()

    async def close_async(self) -> None:
        """Let go of the log and of all connections; to be called after everything has stopped."""
        await self.sender.close_async()
        await self.log.close_async()


def register_webhooks(
    services: ServiceCollection,
    *,
    driver: MongoDriver,
    clock: Clock,
    credentials: CredentialStore,
    policy: AddressPolicy,
    logs: Sequence[str],
    event_types: Collection[str] = (),
    public_url: str = "",
) -> WebhooksContext:
    """Register the context's use cases and its delivery worker (a hosted service).

    Expects ``Clock``, ``CloudEvents``, ``Leases``, ``Mediator`` and ``OutboundAddresses`` among the services.

    Args:
        policy: which addresses may be called.
        logs: names of the logs whose facts are delivered, e.g. ``["labs"]``.
        event_types: that these logs may hold; none when they are not known.
        public_url: under which the source of the events lies; empty for a path.
    """
    log = MongoEventStore(driver, LOG, EventCodec(LOG, WEBHOOKS_EVENTS), clock)
    deliveries = MongoWebhookDeliveries(driver, clock)
    directory = WebhookDirectory(log)
    secrets = WebhookSecrets(credentials)
    sender = HttpWebhookSender(secrets, policy, clock)
    cloud_events = CloudEvents(public_url)
    services.add_singleton(FactTypes, singleton=FactTypes(event_types))
    services.add_singleton(WebhookRepository, singleton=MongoWebhookRepository(log))
    services.add_singleton(WebhookDeliveries, singleton=deliveries)
    services.add_singleton(DeliveryQueue, singleton=deliveries)
    services.add_singleton(WebhookDirectory, singleton=directory)
    services.add_singleton(WebhookSecrets, singleton=secrets)
    services.add_singleton(WebhookSender, singleton=sender)
    services.add_singleton(SignedMessages, singleton=WebhookSignedMessages(secrets, sender))
    services.add_singleton(DeliveryAttempts)
    services.add_singleton(HostedService, WebhookDeliveryWorker)
    register_handlers(services, "application.webhooks")
    queueing = (QueueWebhookDeliveries(name, directory, deliveries, cloud_events) for name in logs)
    return WebhooksContext(log, (*queueing, WhenWebhookRemovedForgetItsSecret(secrets, deliveries)), deliveries, sender)
