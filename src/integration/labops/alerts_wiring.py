"""Alerts, put together."""

from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo

from neuroglia.dependency_injection.service_provider import ServiceCollection, ServiceProviderBase
from neuroglia.hosting.abstractions import HostedService

from application.contracts.signed_messages import SignedMessages
from application.kernel.cloud_events import CloudEvents
from application.kernel.subscriptions import Projector, Subscriber
from application.labops.alerts.alert_evaluation import AlertEvaluation
from application.labops.alerts.channel_addresses import ChannelAddresses
from application.labops.alerts.channel_payloads import ChannelPayloads
from application.labops.alerts.configured_channel import ConfiguredChannel
from application.labops.alerts.metric_values import MetricValues
from application.labops.alerts.notifications import NotificationQueue, Notifications
from application.labops.alerts.ports import AlertViews, EvaluationMemory, MeasuredValues
from application.labops.alerts.queue_alert_notifications import QueueAlertNotifications
from application.labops.alerts.sending import ChannelSender, NotificationSchedule
from application.labops.alerts.when_alert_channel_removed_forget_its_address import (
    WhenAlertChannelRemovedForgetItsAddress,
)
from application.labops.metrics.service import Metrics
from application.labops.specimen_table import SpecimenTable
from application.labops.standups.daily_summary import DailySummary
from domain.kernel.clock import Clock
from domain.labops.alert_repositories import AlertChannelRepository, AlertRepository, AlertRuleRepository
from integration.http.address_policy import AddressPolicy
from integration.labops.alert_notification_worker import AlertNotificationWorker
from integration.labops.alerts_projector import AlertsProjector
from integration.labops.mongo_alert_notifications import MongoAlertNotifications
from integration.labops.mongo_alert_repositories import (
    MongoAlertChannelRepository,
    MongoAlertRepository,
    MongoAlertRuleRepository,
)
from integration.labops.mongo_alert_views import MongoAlertViews, MongoEvaluationMemory
from integration.labops.teams_sender import TIMEOUT_SECONDS, TeamsSender
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_store import MongoEventStore
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch
from settings import LabopsSettings

JOBS = "integration.labops.alert_jobs"
SUMMARY_JOBS = "integration.labops.teams_jobs"


class SenderConnections(HostedService):
    """Closes the connections to channels at the end."""

    def __init__(self, sender: ChannelSender) -> None:
        self._sender = sender

    async def start_async(self) -> None:
        """Connections open when they are first needed."""

    async def stop_async(self) -> None:
        if isinstance(self._sender, TeamsSender):
            await self._sender.close_async()


@dataclass(frozen=True)
class AlertsPart:
    """What the context does with alerts.

    Attributes:
        jobs: modules with recurrent jobs.
    """

    notifications: MongoAlertNotifications
    jobs: tuple[str, ...]

    async def prepare_async(self) -> None:
        """Make the indexes; to be called before anything starts."""
        await self.notifications.prepare_async()


def register_alerts(
    services: ServiceCollection,
    *,
    log: MongoEventStore,
    driver: MongoDriver,
    clock: Clock,
    watch: ReadModelWatch,
    policy: AddressPolicy,
    settings: LabopsSettings,
    public_url: str = "",
    timeout_seconds: float = TIMEOUT_SECONDS,
    schedule: NotificationSchedule | None = None,
) -> AlertsPart:
    """Register rules, alerts, channels, and the worker that tells them.

    Expects ``Clock``, ``CloudEvents``, ``CredentialStore``, ``Leases``, ``Metrics``, ``OutboundAddresses``,
    ``SignedMessages`` and ``SpecimenTable`` among the services.
    """
    notifications = MongoAlertNotifications(driver, clock)

    def sender(provider: ServiceProviderBase) -> TeamsSender:
        return TeamsSender(provider.get_required_service(SignedMessages), policy, clock, timeout_seconds)

    def payloads(provider: ServiceProviderBase) -> ChannelPayloads:
        return ChannelPayloads(provider.get_required_service(CloudEvents), public_url)

    def measured(provider: ServiceProviderBase) -> MetricValues:
        required = provider.get_required_service
        return MetricValues(required(Metrics), required(SpecimenTable), log)

    def summary(provider: ServiceProviderBase) -> DailySummary:
        return DailySummary(
            provider.get_required_service(MeasuredValues),
            notifications,
            provider.get_required_service(ChannelPayloads),
            provider.get_required_service(ConfiguredChannel),
            ZoneInfo(settings.timezone),
            time.fromisoformat(settings.standup_at) if settings.standup_at else None,
        )

    services.add_singleton(MeasuredValues, implementation_factory=measured)
    services.add_singleton(AlertRuleRepository, singleton=MongoAlertRuleRepository(log))
    services.add_singleton(AlertChannelRepository, singleton=MongoAlertChannelRepository(log))
    services.add_singleton(AlertRepository, singleton=MongoAlertRepository(log))
    services.add_singleton(AlertViews, singleton=MongoAlertViews(driver, watch))
    services.add_singleton(EvaluationMemory, singleton=MongoEvaluationMemory(driver))
    services.add_singleton(Notifications, singleton=notifications)
    services.add_singleton(NotificationQueue, singleton=notifications)
    services.add_singleton(NotificationSchedule, singleton=schedule or NotificationSchedule())
    services.add_singleton(ConfiguredChannel, singleton=ConfiguredChannel(settings.teams_webhook_url))
    services.add_singleton(ChannelAddresses)
    services.add_singleton(ChannelPayloads, implementation_factory=payloads)
    services.add_singleton(ChannelSender, implementation_factory=sender)
    services.add_singleton(AlertEvaluation)
    services.add_singleton(Projector, singleton=AlertsProjector())
    services.add_singleton(Subscriber, QueueAlertNotifications)
    services.add_singleton(Subscriber, WhenAlertChannelRemovedForgetItsAddress)
    services.add_singleton(HostedService, SenderConnections)
    services.add_singleton(HostedService, AlertNotificationWorker)
    services.add_singleton(DailySummary, implementation_factory=summary)
    return AlertsPart(notifications, (JOBS, SUMMARY_JOBS) if settings.standup_at else (JOBS,))
