"""Metrics and what is promised, put together."""

from zoneinfo import ZoneInfo

from neuroglia.dependency_injection.service_provider import ServiceCollection, ServiceProviderBase

from application.labops.metrics.current_limits import CurrentSlaLimits
from application.labops.metrics.lab_calendar import LabCalendar
from application.labops.metrics.registry import MetricRegistry
from application.labops.metrics.service import Metrics
from application.labops.specimen_table import SpecimenTable
from domain.kernel.clock import Clock
from domain.labops.sla_repositories import SlaPolicyRepository
from integration.labops.metric_plugins import installed_metrics
from integration.labops.mongo_sla_policy_repository import MongoSlaPolicyRepository
from integration.mongo.events.event_store import MongoEventStore
from settings import LabopsSettings


def register_metrics(
    services: ServiceCollection, log: MongoEventStore, *, clock: Clock, settings: LabopsSettings
) -> None:
    """Register the metrics, those of plugins included, and the limits."""
    policies = MongoSlaPolicyRepository(log)
    registry = MetricRegistry(installed_metrics(settings.plugin_seconds))
    services.add_singleton(SlaPolicyRepository, singleton=policies)
    services.add_singleton(MetricRegistry, singleton=registry)
    services.add_singleton(LabCalendar, singleton=LabCalendar(ZoneInfo(settings.timezone)))

    def metrics(provider: ServiceProviderBase) -> Metrics:
        table = provider.get_required_service(SpecimenTable)
        limits = provider.get_required_service(CurrentSlaLimits)
        return Metrics(table, limits, registry, clock, ZoneInfo(settings.timezone))

    def current_limits(provider: ServiceProviderBase) -> CurrentSlaLimits:
        return CurrentSlaLimits(policies, provider.get_required_service(SpecimenTable))

    services.add_singleton(CurrentSlaLimits, implementation_factory=current_limits)
    services.add_singleton(Metrics, implementation_factory=metrics)
