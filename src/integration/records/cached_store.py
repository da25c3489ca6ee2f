"""The parts of the cache over the system of record, put together once for all that use them."""

from datetime import timedelta

from neuroglia.dependency_injection.service_provider import ServiceCollection, ServiceProviderBase
from neuroglia.hosting.abstractions import HostedService

from application.contracts.memberships import MembershipDirectory
from application.contracts.presented_logins import PresentedLogins
from application.kernel.leases import Leases
from application.records.writing import Outboxes
from domain.kernel.clock import Clock
from domain.records.repositories import LabsRecordRepository
from integration.connect.connect_api import ConnectApi
from integration.mongo.driver import MongoDriver
from integration.records.cached_labs_record_repository import CachedLabsRecordRepository
from integration.records.http_labs_record_repository import HttpLabsRecordRepository
from integration.records.mongo_records_outbox import MongoRecordsOutbox
from integration.records.outbox_delivery import OutboxDelivery
from integration.records.outbox_store import OutboxStore
from integration.records.record_cache import RecordCache
from integration.records.record_log import RecordLog
from integration.records.record_reader import RecordReader
from integration.records.remote_listing import RemoteListings
from integration.records.remote_reads import RemoteReads
from integration.records.scope_ledger import ScopeLedger
from integration.records.scope_refresh import ScopeRefresh
from integration.records.writes_under_way import WritesUnderWay


def outboxes_of(provider: ServiceProviderBase) -> Outboxes:
    """Return the outbox of the cache for the use cases."""
    return Outboxes(provider.get_required_service(MongoRecordsOutbox))


JOBS = "integration.records.jobs"


class FetchesUnderWay(HostedService):
    """Lets fetches come to their end before the application stops."""

    def __init__(self, refresh: ScopeRefresh) -> None:
        self._refresh = refresh

    async def start_async(self) -> None:
        """Scopes are fetched when somebody asks."""

    async def stop_async(self) -> None:
        await self._refresh.stop_async()


def register_remote(services: ServiceCollection) -> None:
    """Register the repository of the system of record. Expects ``ConnectApi`` and a ``MembershipDirectory``."""

    def remote(provider: ServiceProviderBase) -> HttpLabsRecordRepository:
        required = provider.get_required_service
        return HttpLabsRecordRepository(
            required(ConnectApi), required(MembershipDirectory), clock=required(Clock)
        )  # fmt: skip

    services.add_singleton(HttpLabsRecordRepository, implementation_factory=remote)


def register_cache(
    services: ServiceCollection,
    driver: MongoDriver,
    clock: Clock,
    log: RecordLog,
    reader: RecordReader,
    max_age_seconds: float,
) -> None:
    """Register the cache over it as the repository of records. Expects ``Leases`` and what ``register_remote`` does."""
    ledger = ScopeLedger(driver)
    writes = WritesUnderWay()

    def refresh(provider: ServiceProviderBase) -> ScopeRefresh:
        required = provider.get_required_service
        api: ConnectApi = required(ConnectApi)
        cache = RecordCache(log, reader, RemoteReads(api, required(MembershipDirectory)))
        max_age = timedelta(seconds=max_age_seconds)
        return ScopeRefresh(
            RemoteListings(api, required(MembershipDirectory)), cache, ledger, required(Leases), clock, writes, max_age
        )  # fmt: skip

    def repository(provider: ServiceProviderBase) -> CachedLabsRecordRepository:
        required = provider.get_required_service
        return CachedLabsRecordRepository(
            required(HttpLabsRecordRepository),
            log,
            reader,
            ledger,
            required(ScopeRefresh),
            writes,
            required(MembershipDirectory),
        )

    store = OutboxStore(driver, clock)

    def outbox(provider: ServiceProviderBase) -> MongoRecordsOutbox:
        required = provider.get_required_service
        records: CachedLabsRecordRepository = required(CachedLabsRecordRepository)
        delivery = OutboxDelivery(store, records, required(HttpLabsRecordRepository), clock)
        return MongoRecordsOutbox(
            store, delivery, required(MembershipDirectory), required(Leases), clock, required(PresentedLogins)
        )

    services.add_singleton(MongoRecordsOutbox, implementation_factory=outbox)
    services.add_singleton(
        HostedService, implementation_factory=lambda provider: provider.get_required_service(MongoRecordsOutbox)
    )
    services.add_singleton(ScopeLedger, singleton=ledger)
    services.add_singleton(HostedService, singleton=ledger)
    services.add_singleton(ScopeRefresh, implementation_factory=refresh)
    services.add_singleton(HostedService, FetchesUnderWay)
    services.add_singleton(CachedLabsRecordRepository, implementation_factory=repository)
    services.add_singleton(
        LabsRecordRepository,
        implementation_factory=lambda provider: provider.get_required_service(CachedLabsRecordRepository),
    )
