"""Remove a channel."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.contracts.signed_messages import SignedMessages
from application.kernel.refusals import missing, precondition_failed
from application.labops.alerts.channel_addresses import ChannelAddresses
from application.labops.alerts.notifications import Notifications
from domain.kernel.clock import Clock
from domain.labops.alert_repositories import AlertChannelRepository


@dataclass(frozen=True, kw_only=True)
class RemoveAlertChannelCommand(Command[OperationResult[None]]):
    """Forget a channel, its address and what was still to be sent to it. Rules that name it tell the others."""

    channel_id: str
    expected_version: int | None = None


class RemoveAlertChannelCommandHandler(CommandHandler[RemoveAlertChannelCommand, OperationResult[None]]):
    def __init__(
        self,
        channels: AlertChannelRepository,
        channel_addresses: ChannelAddresses,
        signed_messages: SignedMessages,
        notifications: Notifications,
        clock: Clock,
    ) -> None:
        self._channels = channels
        self._addresses = channel_addresses
        self._signed = signed_messages
        self._notifications = notifications
        self._clock = clock

    async def handle_async(self, request: RemoveAlertChannelCommand) -> OperationResult[None]:
        channel = await self._channels.get_async(request.channel_id)
        if channel is None or channel.state.removed:
            return missing("alert channel", request.channel_id)
        if request.expected_version not in (None, channel.state.state_version):
            return precondition_failed(
                f"alert channel {request.channel_id} is in version {channel.state.state_version}"
            )
        channel.remove(self._clock.now())
        await self._channels.update_async(channel)
        # Here, so that it is done when the answer comes; the subscriber repeats it in case we die in between.
        await self._addresses.remove_async(request.channel_id)
        await self._signed.forget_async(request.channel_id)
        await self._notifications.drop_pending_async(request.channel_id)
        return self.no_content()
