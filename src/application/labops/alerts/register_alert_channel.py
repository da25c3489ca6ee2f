"""Register a channel."""

from dataclasses import dataclass, field
from uuid import NAMESPACE_URL, uuid5

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.contracts.signed_messages import SignedMessages
from application.kernel.addresses import OutboundAddresses
from application.kernel.refusals import conflicting, invalid
from application.kernel.request_context import current_request
from application.labops.alerts.channel_addresses import ChannelAddresses
from application.labops.alerts.views import AlertChannelView, channel_view
from domain.kernel.clock import Clock
from domain.labops.alert_channel import AlertChannel, AlertChannelDetails, ChannelKind, host_of
from domain.labops.alert_repositories import AlertChannelRepository


@dataclass(frozen=True, kw_only=True)
class RegisterAlertChannelCommand(Command[OperationResult[AlertChannelView]]):
    """Begin to tell somebody about alerts. ``url`` is None for kind ``log`` only."""

    kind: ChannelKind
    details: AlertChannelDetails
    url: str | None = field(default=None, repr=False)


class RegisterAlertChannelCommandHandler(
    CommandHandler[RegisterAlertChannelCommand, OperationResult[AlertChannelView]]
):
    def __init__(
        self,
        channels: AlertChannelRepository,
        channel_addresses: ChannelAddresses,
        signed_messages: SignedMessages,
        addresses: OutboundAddresses,
        clock: Clock,
    ) -> None:
        self._channels = channels
        self._addresses = channel_addresses
        self._signed = signed_messages
        self._policy = addresses
        self._clock = clock

    async def handle_async(self, request: RegisterAlertChannelCommand) -> OperationResult[AlertChannelView]:
        host_of(request.kind, request.url)
        objection = None if request.url is None else await self._policy.objection_async(request.url)
        if objection is not None:
            return invalid("url", objection)
        channel_id = uuid5(NAMESPACE_URL, f"labkeeper:alert-channel:{current_request().command_id}").hex
        earlier = await self._channels.get_async(channel_id)
        if earlier is not None and not await self._is_same_async(earlier, request):
            return conflicting("the first request with this key registered something else")
        # The address first: a channel that is there can be called.
        if request.url is not None:
            await self._addresses.put_async(channel_id, request.url)
        secret = await self._signed.begin_async(channel_id) if request.kind is ChannelKind.WEBHOOK else None
        if earlier is not None:
            return self.created(channel_view(earlier, secret))
        channel = AlertChannel.register(channel_id, request.kind, request.details, request.url, self._clock.now())
        await self._channels.add_async(channel)
        return self.created(channel_view(channel, secret))

    async def _is_same_async(self, channel: AlertChannel, request: RegisterAlertChannelCommand) -> bool:
        state = channel.state
        same = (state.kind, state.name, state.dry_run) == (request.kind, request.details.name, request.details.dry_run)
        return same and not state.removed and await self._addresses.get_async(state.id) in (None, request.url)
