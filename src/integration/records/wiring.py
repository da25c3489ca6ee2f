"""The records context, put together. A setting says where records live."""

from dataclasses import dataclass

from neuroglia.dependency_injection.service_provider import ServiceCollection, ServiceProviderBase

from application.contracts.kept_records import KeptRecords
from application.contracts.memberships import MembershipDirectory
from application.kernel.credentials import CredentialStore
from application.kernel.event_feed import EventFeed
from application.kernel.event_stream import FactAudience, Nobody
from application.kernel.subscriptions import Projector
from application.records.chatbots import Chatbots
from application.records.finding_again import NoScopeMarks, ScopeMarks
from application.records.kind_writing import KindWriting
from application.records.opportunities import Opportunities
from application.records.opportunities_of_members import OpportunitiesOfMembers
from application.records.record_audience import RecordAudience
from application.records.record_histories import RecordHistories
from domain.kernel.clock import Clock
from domain.records.kinds.kind import ExperimentSpelling
from domain.records.repositories import LabsRecordRepository
from integration.connect.connect_api import ConnectApi
from integration.http.address_policy import AddressPolicy
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_store import MongoEventStore
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch
from integration.records.cached_record_histories import CachedRecordHistories
from integration.records.cached_store import JOBS, outboxes_of, register_cache, register_remote
from integration.records.connect_opportunities import ConnectOpportunities
from integration.records.counted_records import CountedRecords
from integration.records.http_labs_record_repository import HttpLabsRecordRepository
from integration.records.labs_records_projector import LOG as LOG
from integration.records.labs_records_projector import LabsRecordsProjector
from integration.records.mongo_labs_record_repository import MongoLabsRecordRepository
from integration.records.mongo_record_histories import MongoRecordHistories
from integration.records.no_record_histories import NoRecordHistories
from integration.records.ocs_chatbots import OcsChatbots
from integration.records.record_ids import RecordIds
from integration.records.record_log import RecordLog, open_records_log
from integration.records.record_reader import RecordReader
from integration.records.remembered_opportunities import RememberedOpportunities
from integration.records.scope_marks import ReadModelMarks
from integration.records.scope_refresh import ScopeRefresh
from integration.records.use_cases import register_use_cases
from settings import OcsSettings, RecordsSettings


@dataclass(frozen=True)
class RecordsContext:
    """What the application does with the context.

    Attributes:
        log: its event log; what happens to records, for webhooks and the event stream.
        jobs: modules with the jobs of the store that is in use.
    """

    log: MongoEventStore
    ids: RecordIds
    chatbots: OcsChatbots
    jobs: tuple[str, ...] = ()

    async def prepare_async(self) -> None:
        """Make the indexes; to be called before anything starts."""
        await self.log.prepare_async()
        await self.ids.prepare_async()

    async def close_async(self) -> None:
        """Let go of the log and of connections; to be called after everything has stopped."""
        await self.chatbots.close_async()
        await self.log.close_async()


def register_records(
    services: ServiceCollection,
    *,
    driver: MongoDriver,
    clock: Clock,
    settings: RecordsSettings,
    watch: ReadModelWatch,
    credentials: CredentialStore,
    policy: AddressPolicy,
    ocs: OcsSettings,
) -> RecordsContext:
    """Register the context's use cases and the store that the setting names.

    Expects ``Clock``, ``CredentialStore``, ``LabsContexts`` and a ``MembershipDirectory`` among the services; unless
    records are kept here, ``ConnectApi``, ``Leases`` and ``UpstreamTokens`` too.

    Args:
        credentials: where the key to Open Chat Studio is kept.
        policy: which addresses may be called.
    """
    store = open_records_log(driver, clock)
    log = RecordLog(driver, store, clock)
    reader = RecordReader(driver, watch, log)
    ids = RecordIds(driver, clock)
    chatbots = OcsChatbots(ocs.url, credentials, policy)

    def repository(provider: ServiceProviderBase) -> MongoLabsRecordRepository:
        return MongoLabsRecordRepository(log, reader, ids, provider.get_required_service(MembershipDirectory))

    def histories(provider: ServiceProviderBase) -> RecordHistories:
        required = provider.get_required_service
        kept = MongoRecordHistories(store, reader, required(MembershipDirectory))
        if settings.repository == "local":
            return kept
        return CachedRecordHistories(kept, required(LabsRecordRepository), clock)

    def marks(provider: ServiceProviderBase) -> ReadModelMarks:
        refresh = provider.get_required_service(ScopeRefresh) if settings.repository == "cached" else None
        return ReadModelMarks(watch, log, provider.get_required_service(MembershipDirectory), refresh)

    services.add_singleton(RecordsSettings, singleton=settings)
    services.add_singleton(EventFeed, singleton=store)
    services.add_singleton(Projector, singleton=LabsRecordsProjector())
    jobs: tuple[str, ...] = ()
    match settings.repository:
        case "local":
            services.add_singleton(LabsRecordRepository, implementation_factory=repository)
            services.add_singleton(Opportunities, OpportunitiesOfMembers)
        case "remote":
            register_remote(services)
            services.add_singleton(Opportunities, implementation_factory=_opportunities)
            services.add_singleton(
                LabsRecordRepository,
                implementation_factory=lambda provider: provider.get_required_service(HttpLabsRecordRepository),
            )
        case "cached":
            register_remote(services)
            register_cache(services, driver, clock, log, reader, settings.max_age_seconds)
            services.add_singleton(Opportunities, implementation_factory=_remembered_opportunities)
            jobs = (JOBS,)
    if settings.repository == "remote":
        services.add_singleton(RecordHistories, NoRecordHistories)
        services.add_singleton(ScopeMarks, NoScopeMarks)
        services.add_singleton(FactAudience, singleton=Nobody(LOG))
    else:
        services.add_singleton(RecordHistories, implementation_factory=histories)
        services.add_singleton(ScopeMarks, implementation_factory=marks)
        services.add_singleton(FactAudience, RecordAudience)
    services.add_singleton(KeptRecords, singleton=CountedRecords(reader))
    services.add_singleton(Chatbots, singleton=chatbots)
    kinds = KindWriting(ExperimentSpelling(settings.solicitation_experiment))
    register_use_cases(services, kinds, outboxes_of if settings.repository == "cached" else None)
    return RecordsContext(store, ids, chatbots, jobs)


def _opportunities(provider: ServiceProviderBase) -> ConnectOpportunities:
    return ConnectOpportunities(provider.get_required_service(ConnectApi))


def _remembered_opportunities(provider: ServiceProviderBase) -> RememberedOpportunities:
    required = provider.get_required_service
    return RememberedOpportunities(_opportunities(provider), required(MembershipDirectory), required(Clock))
