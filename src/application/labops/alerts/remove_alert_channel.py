"""Remove a channel."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.contracts.signed_messages import SignedMessages
from application.kernel.refusals import Refusal, missing, precondition_failed
from application.labops.alerts.channel_addresses import ChannelAddresses
from application.labops.alerts.named_channels import rules_naming_async
from application.labops.alerts.notifications import Notifications
from domain.kernel.clock import Clock
from domain.labops.alert_repositories import AlertChannelRepository, AlertRuleRepository
from domain.labops.alert_rule import AlertRule

MOST_NAMED = 20
"""Rules that a refusal names; it says how many there are."""


@dataclass(frozen=True, kw_only=True)
class RemoveAlertChannelCommand(Command[OperationResult[None]]):
    """Forget a channel, its address and what was still to be sent to it. Refused while a rule names it."""

    channel_id: str
    expected_version: int | None = None


class RemoveAlertChannelCommandHandler(CommandHandler[RemoveAlertChannelCommand, OperationResult[None]]):
    def __init__(
        self,
        channels: AlertChannelRepository,
        rules: AlertRuleRepository,
        channel_addresses: ChannelAddresses,
        signed_messages: SignedMessages,
        notifications: Notifications,
        clock: Clock,
    ) -> None:
        self._channels = channels
        self._rules = rules
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
        naming = await rules_naming_async(self._rules, request.channel_id)
        if naming:
            return _in_use(request.channel_id, naming)
        channel.remove(self._clock.now())
        await self._channels.update_async(channel)
        # Here, so that it is done when the answer comes; the subscriber repeats it in case we die in between.
        await self._addresses.remove_async(request.channel_id)
        await self._signed.forget_async(request.channel_id)
        await self._notifications.drop_pending_async(request.channel_id)
        return self.no_content()


def _in_use(channel_id: str, naming: list[AlertRule]) -> Refusal:
    named = [{"rule_id": rule.state.id, "name": rule.state.details.name} for rule in naming[:MOST_NAMED]]
    which = ", ".join(f"{one['name']} ({one['rule_id']})" for one in named)
    more = f" and {len(naming) - len(named)} more" if len(naming) > len(named) else ""
    detail = f"alert channel {channel_id} is named by alert rules: {which}{more}; take it out of them first"
    return Refusal(409, "alert-channel-in-use", "Alert channel in use", detail, rules=named, total=len(naming))
