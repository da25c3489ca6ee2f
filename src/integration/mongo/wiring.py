"""The parts of MongoDB that every context shares, put together."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from neuroglia.dependency_injection.service_provider import ServiceCollection, ServiceProviderBase
from neuroglia.hosting.abstractions import HostedService

from application.kernel.credentials import CredentialStore
from application.kernel.event_feed import EventFeed
from application.kernel.idempotency import IdempotencyKeys
from application.kernel.jobs import RunHistory
from application.kernel.leases import Leases
from application.kernel.subscriptions import OwnReadModel, Projector, ReadModels, Subscriber, Subscriptions
from domain.kernel.clock import Clock
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.credential_store import EncryptedCredentialStore
from integration.mongo.driver import MongoDriver
from integration.mongo.idempotency_keys import MongoIdempotencyKeys
from integration.mongo.runs.run_history import MongoRunHistory
from integration.mongo.subscriptions.checkpoints import Checkpoints
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch
from integration.mongo.subscriptions.subscription_host import MongoSubscriptions


class Stored(Protocol):
    """Something that keeps its own collections."""

    async def prepare_async(self) -> None:
        """Make the indexes."""

    async def close_async(self) -> None:
        """Write what waits and let go."""


class MongoStorage(HostedService):
    """Makes the indexes before anything else starts and closes the connection after everything else has stopped."""

    def __init__(self, driver: MongoDriver, history: MongoRunHistory, keys: MongoIdempotencyKeys) -> None:
        self._driver = driver
        self._history = history
        self._keys = keys
        self._stored: list[Stored] = []

    def add(self, stored: Stored) -> None:
        """Take care of what a context keeps."""
        self._stored.append(stored)

    async def start_async(self) -> None:
        # Each index waits for the disk, and a wait at the same time is one wait.
        contexts = (stored.prepare_async() for stored in self._stored)
        await asyncio.gather(*contexts, self._history.prepare_async(), self._keys.prepare_async())

    async def stop_async(self) -> None:
        for stored in self._stored:
            await stored.close_async()
        await self._driver.close_async()


def register_storage(
    services: ServiceCollection, driver: MongoDriver, clock: Clock, credential_keys: Sequence[str]
) -> tuple[ReadModelWatch, MongoStorage]:
    """Register what is shared; return the watch over read models, and the storage that each context adds its own to."""
    watch = ReadModelWatch(driver, Checkpoints(driver, clock))
    history = MongoRunHistory(driver)
    keys = MongoIdempotencyKeys(driver, clock)
    storage = MongoStorage(driver, history, keys)
    services.add_singleton(Clock, singleton=clock)
    services.add_singleton(Leases, singleton=MongoLeases(driver))
    services.add_singleton(RunHistory, singleton=history)
    services.add_singleton(IdempotencyKeys, singleton=keys)
    services.add_singleton(CredentialStore, singleton=EncryptedCredentialStore(driver, credential_keys))
    services.add_singleton(HostedService, singleton=storage)
    return watch, storage


def register_subscriptions(
    services: ServiceCollection, driver: MongoDriver, clock: Clock, watch: ReadModelWatch
) -> None:
    """Register the host of all subscribers and projectors; call it after every context."""

    def host(provider: ServiceProviderBase) -> MongoSubscriptions:
        return MongoSubscriptions(
            driver,
            provider.get_required_service(Leases),
            clock,
            watch,
            provider.get_services(EventFeed),
            provider.get_services(Subscriber),
            provider.get_services(Projector),
            provider.get_services(OwnReadModel),
        )

    def same(provider: ServiceProviderBase) -> MongoSubscriptions:
        found: MongoSubscriptions = provider.get_required_service(MongoSubscriptions)
        return found

    services.add_singleton(MongoSubscriptions, implementation_factory=host)
    services.add_singleton(Subscriptions, implementation_factory=same)
    services.add_singleton(ReadModels, implementation_factory=same)
    services.add_singleton(HostedService, implementation_factory=same)
