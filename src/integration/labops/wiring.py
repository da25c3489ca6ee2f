"""The lab operations context, put together."""

from dataclasses import dataclass
from pathlib import Path

from neuroglia.dependency_injection.service_provider import ServiceCollection

from application.kernel.event_feed import EventFeed
from application.kernel.handlers import register_handlers
from domain.kernel.clock import Clock
from domain.labops.events import LABOPS_EVENTS
from domain.labops.repositories import SpecimenRepository
from integration.http.address_policy import AddressPolicy
from integration.labops.alerts_wiring import AlertsPart, register_alerts
from integration.labops.imports_wiring import ImportStores, register_specimens
from integration.labops.metrics_wiring import register_metrics
from integration.labops.mongo_specimen_repository import MongoSpecimenRepository
from integration.labops.overview_wiring import register_overview
from integration.labops.quality_wiring import JOBS as QUALITY_JOBS
from integration.labops.quality_wiring import register_quality
from integration.labops.table_wiring import register_table
from integration.labops.whatif_wiring import register_whatif
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.event_store import MongoEventStore
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch
from settings import LabopsSettings

LOG = "labops"


@dataclass(frozen=True)
class LabopsContext:
    """What the application does with the context.

    Attributes:
        log: its event log.
        jobs: modules with recurrent jobs.
    """

    log: MongoEventStore
    jobs: tuple[str, ...]
    alerts: AlertsPart
    imports: ImportStores

    async def prepare_async(self) -> None:
        """Make the indexes; to be called before anything starts."""
        await self.log.prepare_async()
        await self.alerts.prepare_async()
        await self.imports.prepare_async()

    async def close_async(self) -> None:
        """Let go of everything; to be called after everything has stopped."""
        await self.log.close_async()


def register_labops(
    services: ServiceCollection,
    *,
    driver: MongoDriver,
    clock: Clock,
    settings: LabopsSettings,
    data_dir: Path,
    watch: ReadModelWatch,
    policy: AddressPolicy,
    public_url: str = "",
) -> LabopsContext:
    """Register the context's use cases, adapters and read models."""
    log = MongoEventStore(driver, LOG, EventCodec(LOG, LABOPS_EVENTS), clock)
    services.add_singleton(LabopsSettings, singleton=settings)
    services.add_singleton(EventFeed, singleton=log)
    services.add_singleton(SpecimenRepository, singleton=MongoSpecimenRepository(log))
    register_table(services, driver=driver, log=log, clock=clock, data_dir=data_dir)
    register_metrics(services, log, clock=clock, settings=settings)
    register_whatif(services, driver=driver, clock=clock, settings=settings)
    imports = register_specimens(services, driver, log, clock=clock, settings=settings)
    register_overview(services, log, clock=clock)
    alerts = register_alerts(
        services,
        log=log,
        driver=driver,
        clock=clock,
        watch=watch,
        policy=policy,
        settings=settings,
        public_url=public_url,
    )
    register_quality(services, driver=driver, log=log, clock=clock, settings=settings)
    register_handlers(services, "application.labops")
    return LabopsContext(log, (*alerts.jobs, QUALITY_JOBS), alerts, imports)
