"""Define an alert rule."""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import conflicting, invalid
from application.kernel.request_context import current_request
from application.labops.alerts.named_channels import known_channels_async, unknown_channel_async
from application.labops.alerts.views import AlertRuleView, rule_view
from domain.kernel.clock import Clock
from domain.labops.alert_repositories import AlertChannelRepository, AlertRuleRepository
from domain.labops.alert_rule import AlertRule
from domain.labops.alert_values import AlertRuleDetails


@dataclass(frozen=True, kw_only=True)
class DefineAlertRuleCommand(Command[OperationResult[AlertRuleView]]):
    """Begin to watch something."""

    details: AlertRuleDetails


class DefineAlertRuleCommandHandler(CommandHandler[DefineAlertRuleCommand, OperationResult[AlertRuleView]]):
    def __init__(self, rules: AlertRuleRepository, channels: AlertChannelRepository, clock: Clock) -> None:
        self._rules = rules
        self._channels = channels
        self._clock = clock

    async def handle_async(self, request: DefineAlertRuleCommand) -> OperationResult[AlertRuleView]:
        unknown = await unknown_channel_async(self._channels, request.details.channels)
        if unknown is not None:
            return invalid("channels", "must be ids of alert channels")
        # From the command's id: a repeated request finds what it made the first time.
        rule_id = uuid5(NAMESPACE_URL, f"labkeeper:alert-rule:{current_request().command_id}").hex
        earlier = await self._rules.get_async(rule_id)
        if earlier is not None:
            if earlier.state.removed or earlier.state.details != request.details:
                return conflicting("the first request with this key defined something else")
            return self.created(rule_view(earlier, await known_channels_async(self._channels, [earlier])))
        rule = AlertRule.define(rule_id, request.details, self._clock.now())
        await self._rules.add_async(rule)
        return self.created(rule_view(rule, rule.state.details.channels))
