"""The labs context, put together."""

from datetime import timedelta

from neuroglia.dependency_injection.service_provider import ServiceCollection, ServiceProviderBase
from neuroglia.hosting.abstractions import HostedService

from application.kernel.credentials import CredentialStore
from application.kernel.event_feed import EventFeed
from application.kernel.handlers import register_handlers
from application.kernel.leases import Leases
from application.kernel.subscriptions import Projector, Subscriber
from application.labs.background_refresh import BackgroundRefresh
from application.labs.get_lab_history import LabsEventStreams
from application.labs.ports import CmlControllers
from application.labs.refresh_rules import RefreshSettings
from application.labs.sync_ledger import SyncLedger
from application.labs.views import LabViews, WorkerViews
from application.labs.when_change_is_unexpected_raise_alert import WhenChangeIsUnexpectedRaiseAlert
from application.labs.when_worker_decommissioned_remove_its_labs import WhenWorkerDecommissionedRemoveItsLabs
from application.labs.worker_names import NameClaims, WorkerNames
from application.labs.worker_refresh import WorkerRefresh
from domain.kernel.clock import Clock
from domain.labs.events import LABS_EVENTS
from domain.labs.repositories import CmlWorkerRepository, LabAlertRepository, LabRecordRepository
from integration.http.address_policy import AddressPolicy
from integration.labs.cml_controller_client import HttpCmlControllers
from integration.labs.lab_records_projector import LabRecordsProjector
from integration.labs.mongo_lab_repositories import (
    MongoCmlWorkerRepository,
    MongoLabAlertRepository,
    MongoLabRecordRepository,
)
from integration.labs.mongo_lab_views import MongoLabViews
from integration.labs.mongo_labs_event_streams import MongoLabsEventStreams
from integration.labs.mongo_name_claims import MongoNameClaims
from integration.labs.mongo_sync_ledger import MongoSyncLedger
from integration.labs.mongo_worker_views import MongoWorkerViews
from integration.labs.workers_projector import WorkersProjector
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.event_store import MongoEventStore
from integration.mongo.events.snapshots import Snapshots
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch
from settings import LabsSettings

LOG = "labs"
JOBS = "integration.labs.jobs"


class ControllerConnections(HostedService):
    """Closes the connections to the controllers at the end."""

    def __init__(self, controllers: HttpCmlControllers) -> None:
        self._controllers = controllers

    async def start_async(self) -> None:
        """Connections open when they are first needed."""

    async def stop_async(self) -> None:
        await self._controllers.close_async()


def register_labs(
    services: ServiceCollection,
    driver: MongoDriver,
    settings: LabsSettings,
    policy: AddressPolicy,
    watch: ReadModelWatch,
    clock: Clock,
) -> MongoEventStore:
    """Register the context's use cases, adapters, subscribers and read models; return its log."""
    store = MongoEventStore(driver, LOG, EventCodec(LOG, LABS_EVENTS), clock)
    snapshots = Snapshots(driver, LOG)
    ledger = MongoSyncLedger(driver)
    streams = MongoLabsEventStreams(store)
    worker_views = MongoWorkerViews(driver, watch, ledger)
    claims = MongoNameClaims(driver, worker_views)
    controllers = HttpCmlControllers(
        policy=policy,
        deadline_seconds=settings.worker_deadline_seconds,
        detail_concurrency=settings.detail_concurrency,
        clock=clock,
    )

    def refresh(provider: ServiceProviderBase) -> WorkerRefresh:
        required = provider.get_required_service
        return WorkerRefresh(
            required(CmlWorkerRepository),
            required(LabRecordRepository),
            required(CmlControllers),
            required(CredentialStore),
            required(SyncLedger),
            required(Leases),
            clock,
            RefreshSettings(timedelta(seconds=settings.refresh_interval_seconds), settings.worker_deadline_seconds),
        )

    services.add_singleton(LabsSettings, singleton=settings)
    services.add_singleton(EventFeed, singleton=store)
    services.add_singleton(LabsEventStreams, singleton=streams)
    services.add_singleton(CmlWorkerRepository, singleton=MongoCmlWorkerRepository(store, snapshots))
    services.add_singleton(LabRecordRepository, singleton=MongoLabRecordRepository(store, snapshots))
    services.add_singleton(LabAlertRepository, singleton=MongoLabAlertRepository(store))
    services.add_singleton(SyncLedger, singleton=ledger)
    services.add_singleton(HostedService, singleton=ledger)
    services.add_singleton(WorkerViews, singleton=worker_views)
    services.add_singleton(LabViews, singleton=MongoLabViews(driver, watch, ledger, worker_views, streams))
    services.add_singleton(CmlControllers, singleton=controllers)
    services.add_singleton(HostedService, singleton=ControllerConnections(controllers))
    services.add_singleton(NameClaims, singleton=claims)
    services.add_singleton(HostedService, singleton=claims)
    services.add_singleton(WorkerNames)
    services.add_singleton(WorkerRefresh, implementation_factory=refresh)
    services.add_singleton(BackgroundRefresh)
    services.add_singleton(Projector, singleton=LabRecordsProjector())
    services.add_singleton(Projector, singleton=WorkersProjector())
    services.add_singleton(Subscriber, WhenChangeIsUnexpectedRaiseAlert)
    services.add_singleton(Subscriber, WhenWorkerDecommissionedRemoveItsLabs)
    register_handlers(services, "application.labs")
    return store
