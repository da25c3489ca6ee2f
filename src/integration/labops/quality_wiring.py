"""Data quality, put together."""

from zoneinfo import ZoneInfo

from neuroglia.dependency_injection.service_provider import ServiceCollection, ServiceProviderBase
from neuroglia.hosting.abstractions import HostedService

from application.kernel.subscriptions import Subscriber
from application.labops.imports.imported_files import ImportedFiles
from application.labops.quality.active_rules import ActiveRulesReader
from application.labops.quality.ports import QualityChecker, RulesReader
from application.labops.quality.quality_runner import QualityRunner
from application.labops.quality.runs import QualityRuns
from application.labops.quality.when_import_ended_check_it import WhenImportEndedCheckIt
from application.labops.specimen_table import SpecimenTable
from domain.kernel.clock import Clock
from domain.labops.quality.repositories import QualityRulesRepository, QualityWatchRepository
from domain.labops.quality.stored_rules import QualityRules
from domain.labops.quality.watch import QualityWatch
from integration.labops.quality_checker import ThreadedQualityChecker
from integration.labops.quality_resumer import QualityRunResumer
from integration.labops.quality_rules_reader import SafeRulesReader
from integration.labops.quality_runs import MongoQualityRuns
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_sourced_repository import MongoEventSourcedRepository
from integration.mongo.events.event_store import MongoEventStore
from settings import LabopsSettings

JOBS = "integration.labops.quality_jobs"


class MongoQualityRulesRepository(MongoEventSourcedRepository[QualityRules], QualityRulesRepository):
    """The rules as the stream ``quality-rules-rules``."""


class MongoQualityWatchRepository(MongoEventSourcedRepository[QualityWatch], QualityWatchRepository):
    """Watches as streams ``quality-watch-<kind>``."""


def register_quality(
    services: ServiceCollection,
    *,
    driver: MongoDriver,
    log: MongoEventStore,
    clock: Clock,
    settings: LabopsSettings,
) -> None:
    """Register rules, checks and runs. Expects ``SpecimenTable`` and ``ImportedFiles``."""
    runs = MongoQualityRuns(driver, clock)
    zone = ZoneInfo(settings.timezone)

    def checker(provider: ServiceProviderBase) -> QualityChecker:
        table = provider.get_required_service(SpecimenTable)
        return ThreadedQualityChecker(table, provider.get_required_service(ImportedFiles), log, clock, zone)

    services.add_singleton(RulesReader, SafeRulesReader)
    services.add_singleton(QualityRulesRepository, singleton=MongoQualityRulesRepository(log, QualityRules))
    services.add_singleton(QualityWatchRepository, singleton=MongoQualityWatchRepository(log, QualityWatch))
    services.add_singleton(QualityRuns, singleton=runs)
    services.add_singleton(QualityChecker, implementation_factory=checker)
    services.add_singleton(ActiveRulesReader)
    services.add_singleton(QualityRunner)
    services.add_singleton(Subscriber, WhenImportEndedCheckIt)
    services.add_singleton(HostedService, singleton=runs)
    services.add_singleton(HostedService, QualityRunResumer)
