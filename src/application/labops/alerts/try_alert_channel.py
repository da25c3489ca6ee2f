"""Try a channel out."""

from dataclasses import dataclass
from typing import Any

import orjson
from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.cloud_events import CloudEvents
from application.kernel.refusals import missing
from application.kernel.request_context import current_request
from application.labops.alerts.channel_payloads import ChannelPayloads
from application.labops.alerts.messages import PLAIN, ChannelMessage, dashboard_link
from application.labops.alerts.notifications import NewNotification, Notifications, notification_id_of
from domain.kernel.clock import Clock
from domain.labops.alert_channel import ChannelKind
from domain.labops.alert_repositories import AlertChannelRepository


@dataclass(frozen=True, slots=True)
class ChannelTestView:
    """What a channel is sent; ``notification_id`` is None in a dry run, when nothing is."""

    dry_run: bool
    notification_id: str | None
    payload: Any


@dataclass(frozen=True, kw_only=True)
class TryAlertChannelCommand(Command[OperationResult[ChannelTestView]]):
    """Queue a message that says nothing but that it arrived; in a dry run only show it."""

    channel_id: str


class TryAlertChannelCommandHandler(CommandHandler[TryAlertChannelCommand, OperationResult[ChannelTestView]]):
    def __init__(
        self,
        channels: AlertChannelRepository,
        notifications: Notifications,
        payloads: ChannelPayloads,
        cloud_events: CloudEvents,
        clock: Clock,
    ) -> None:
        self._channels = channels
        self._notifications = notifications
        self._payloads = payloads
        self._cloud_events = cloud_events
        self._clock = clock

    async def handle_async(self, request: TryAlertChannelCommand) -> OperationResult[ChannelTestView]:
        channel = await self._channels.get_async(request.channel_id)
        if channel is None or channel.state.removed:
            return missing("alert channel", request.channel_id)
        notification_id = notification_id_of(f"test {current_request().command_id}", request.channel_id)
        title = "Labkeeper test message"
        if channel.state.kind is ChannelKind.WEBHOOK:
            body = self._cloud_events.ping(notification_id, request.channel_id, self._clock.now())
        else:
            message = ChannelMessage(
                title=title,
                subtitle="This channel can be reached",
                color=PLAIN,
                facts=(("Channel", channel.state.name),),
                link=dashboard_link(self._payloads.public_url),
            )
            body = self._payloads.of_message(channel.state.kind, message)
        if channel.state.dry_run:
            return self.ok(ChannelTestView(True, None, orjson.loads(body)))
        queued = NewNotification(
            notification_id=notification_id,
            channel_id=request.channel_id,
            subject="test",
            about="test",
            title=title,
            body=body,
            repeatable=channel.state.kind is ChannelKind.WEBHOOK,
        )
        await self._notifications.queue_async([queued])
        return self.ok(ChannelTestView(False, notification_id, orjson.loads(body)))
