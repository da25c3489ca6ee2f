"""Every announcement of an alert becomes a notification for each of its rule's channels."""

from application.kernel.event_feed import RecordedFact
from application.kernel.subscriptions import Subscriber
from application.labops.alerts.channel_payloads import ChannelPayloads
from application.labops.alerts.notifications import NewNotification, Notifications, notification_id_of
from domain.labops.alert_channel import ChannelKind
from domain.labops.alert_events import AlertAnnouncedDomainEvent
from domain.labops.alert_repositories import AlertChannelRepository


class QueueAlertNotifications(Subscriber):
    """Subscription ``alert-notifications``. Sending is the worker's business.

    A notification's id comes from the fact's: seeing the fact a second time makes no second message.
    """

    name = "alert-notifications"
    log = "labops"
    event_types = frozenset({AlertAnnouncedDomainEvent.event_type})
    start_at_head = False

    def __init__(
        self, channels: AlertChannelRepository, notifications: Notifications, payloads: ChannelPayloads
    ) -> None:
        self._channels = channels
        self._notifications = notifications
        self._payloads = payloads

    async def handle_async(self, fact: RecordedFact) -> None:
        event = fact.event
        if not isinstance(event, AlertAnnouncedDomainEvent):
            return
        queued = []
        for channel_id in event.channels:
            channel = await self._channels.get_async(channel_id)
            if channel is None or channel.state.removed:
                continue
            title, body = self._payloads.of_alert(channel.state.kind, fact)
            queued.append(
                NewNotification(
                    notification_id=notification_id_of(event.event_id, channel_id),
                    channel_id=channel_id,
                    subject=event.aggregate_id,
                    about=event.kind,
                    title=title,
                    body=body,
                    repeatable=channel.state.kind is ChannelKind.WEBHOOK,
                )
            )
        if queued:
            await self._notifications.queue_async(queued)
