"""Post a stand-up to Teams."""

from dataclasses import dataclass
from typing import Any

import orjson
from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import conflicting, invalid, missing
from application.kernel.request_context import current_request
from application.labops.alerts.channel_payloads import ChannelPayloads
from application.labops.alerts.configured_channel import ConfiguredChannel
from application.labops.alerts.notifications import (
    CONFIGURED_CHANNEL,
    NewNotification,
    Notifications,
    notification_id_of,
)
from application.labops.standups.standup import Standup, standup_message
from domain.labops.alert_repositories import AlertChannelRepository


@dataclass(frozen=True, slots=True)
class PostedStandupView:
    """What was queued, or, in a dry run, exactly what would be sent; ``notification_id`` is None then."""

    dry_run: bool
    notification_id: str | None
    payload: Any


@dataclass(frozen=True, kw_only=True)
class PostStandupCommand(Command[OperationResult[PostedStandupView]]):
    """Post to a channel of Teams; without one to that of the settings. ``standups`` is not empty."""

    standups: tuple[Standup, ...]
    channel_id: str | None = None
    dry_run: bool = True


class PostStandupCommandHandler(CommandHandler[PostStandupCommand, OperationResult[PostedStandupView]]):
    def __init__(
        self,
        channels: AlertChannelRepository,
        configured: ConfiguredChannel,
        notifications: Notifications,
        payloads: ChannelPayloads,
    ) -> None:
        self._channels = channels
        self._configured = configured
        self._notifications = notifications
        self._payloads = payloads

    async def handle_async(self, request: PostStandupCommand) -> OperationResult[PostedStandupView]:
        kind, dry_run = self._configured.kind, request.dry_run
        if request.channel_id is not None:
            channel = await self._channels.get_async(request.channel_id)
            if channel is None or channel.state.removed:
                return missing("alert channel", request.channel_id)
            if not channel.state.kind.is_teams:
                return invalid("channel_id", "must be a channel of Microsoft Teams")
            kind, dry_run = channel.state.kind, dry_run or channel.state.dry_run
        elif not dry_run and not self._configured.url:
            return conflicting("no Teams channel is named and none is configured; nothing was sent")
        message = standup_message(request.standups, self._payloads.public_url)
        body = self._payloads.of_message(kind, message)
        if dry_run:
            return self.ok(PostedStandupView(True, None, orjson.loads(body)))
        channel_id = request.channel_id or CONFIGURED_CHANNEL
        queued = NewNotification(
            notification_id=notification_id_of(f"standup {current_request().command_id}", channel_id),
            channel_id=channel_id,
            subject="standup",
            about="standup",
            title=message.title,
            body=body,
        )
        await self._notifications.queue_async([queued])
        return self.ok(PostedStandupView(False, queued.notification_id, orjson.loads(body)))
