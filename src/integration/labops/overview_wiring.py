"""The overview and its live streams, put together."""

from neuroglia.dependency_injection.service_provider import ServiceCollection, ServiceProviderBase
from neuroglia.hosting.abstractions import HostedService

from application.kernel.subscriptions import ReadModels
from application.labops.alerts.ports import AlertViews
from application.labops.live import LiveOverviews
from application.labops.metrics.service import Metrics
from application.labops.overview import Overviews
from application.labops.specimen_table import SpecimenTable
from domain.kernel.clock import Clock
from integration.mongo.driver import answering_within
from integration.mongo.events.event_store import MongoEventStore

ALERTS = "alerts"
"""The read model."""
CONFIRM_SECONDS = 2.5


def register_overview(services: ServiceCollection, log: MongoEventStore, *, clock: Clock) -> None:
    """Register the overview. Expects the table and the metrics among the services; alerts are shown where there are."""

    def overviews(provider: ServiceProviderBase) -> Overviews:
        return Overviews(
            provider.get_required_service(SpecimenTable),
            provider.get_required_service(Metrics),
            provider.get_service(AlertViews),
            clock,
        )

    async def confirm_async() -> None:
        async with answering_within(CONFIRM_SECONDS, "the event store"):
            await log.head_async()

    def live(provider: ServiceProviderBase) -> LiveOverviews:
        found: Overviews = provider.get_required_service(Overviews)
        models: ReadModels = provider.get_required_service(ReadModels)

        async def alerts_come_to_async(position: int, seconds: float) -> bool:
            return await models.wait_async(ALERTS, position, seconds)

        others = alerts_come_to_async if provider.get_service(AlertViews) is not None else None
        return LiveOverviews(
            found.compute_async,
            log,
            provider.get_required_service(SpecimenTable),
            others,
            found.glance_async,
            confirm_async,
        )

    def same(provider: ServiceProviderBase) -> LiveOverviews:
        found: LiveOverviews = provider.get_required_service(LiveOverviews)
        return found

    services.add_singleton(Overviews, implementation_factory=overviews)
    services.add_singleton(LiveOverviews, implementation_factory=live)
    services.add_singleton(HostedService, implementation_factory=same)
