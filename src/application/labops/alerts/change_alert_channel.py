"""Change a channel."""

from dataclasses import dataclass, field

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.addresses import OutboundAddresses
from application.kernel.refusals import invalid, missing, precondition_failed
from application.labops.alerts.channel_addresses import ChannelAddresses
from application.labops.alerts.views import AlertChannelView, channel_view
from domain.kernel.clock import Clock
from domain.labops.alert_channel import AlertChannelDetails
from domain.labops.alert_repositories import AlertChannelRepository


@dataclass(frozen=True, kw_only=True)
class ChangeAlertChannelCommand(Command[OperationResult[AlertChannelView]]):
    """Change what is given; None leaves a field as it is. The kind stays."""

    channel_id: str
    name: str | None = None
    dry_run: bool | None = None
    url: str | None = field(default=None, repr=False)
    expected_version: int | None = None


class ChangeAlertChannelCommandHandler(CommandHandler[ChangeAlertChannelCommand, OperationResult[AlertChannelView]]):
    def __init__(
        self,
        channels: AlertChannelRepository,
        channel_addresses: ChannelAddresses,
        addresses: OutboundAddresses,
        clock: Clock,
    ) -> None:
        self._channels = channels
        self._addresses = channel_addresses
        self._policy = addresses
        self._clock = clock

    async def handle_async(self, request: ChangeAlertChannelCommand) -> OperationResult[AlertChannelView]:
        channel = await self._channels.get_async(request.channel_id)
        if channel is None or channel.state.removed:
            return missing("alert channel", request.channel_id)
        state = channel.state
        if request.expected_version not in (None, state.state_version):
            return precondition_failed(f"alert channel {request.channel_id} is in version {state.state_version}")
        details = AlertChannelDetails(
            name=state.name if request.name is None else request.name,
            dry_run=state.dry_run if request.dry_run is None else request.dry_run,
        )
        channel.change(details, request.url, self._clock.now())
        objection = None if request.url is None else await self._policy.objection_async(request.url)
        if objection is not None:
            return invalid("url", objection)
        await self._channels.update_async(channel)
        if request.url is not None:
            await self._addresses.put_async(request.channel_id, request.url)
        return self.ok(channel_view(channel))
