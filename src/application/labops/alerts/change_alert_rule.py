"""Change an alert rule."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import invalid, missing, precondition_failed
from application.labops.alerts.alert_evaluation import AlertEvaluation
from application.labops.alerts.named_channels import known_channels_async, unknown_channel_async
from application.labops.alerts.ports import EvaluationMemory
from application.labops.alerts.views import AlertRuleView, rule_view
from domain.kernel.clock import Clock
from domain.labops.alert_repositories import AlertChannelRepository, AlertRuleRepository


@dataclass(frozen=True, kw_only=True)
class ChangeAlertRuleCommand(Command[OperationResult[AlertRuleView]]):
    """Change what is given, by the names of ``AlertRuleDetails``. ``expected_version`` refuses a stale change.

    What stands open of a rule that is made inactive, or watches something else from now on, is resolved.
    """

    rule_id: str
    changes: Mapping[str, Any]
    expected_version: int | None = None


class ChangeAlertRuleCommandHandler(CommandHandler[ChangeAlertRuleCommand, OperationResult[AlertRuleView]]):
    def __init__(
        self,
        rules: AlertRuleRepository,
        channels: AlertChannelRepository,
        evaluation: AlertEvaluation,
        memory: EvaluationMemory,
        clock: Clock,
    ) -> None:
        self._rules = rules
        self._channels = channels
        self._evaluation = evaluation
        self._memory = memory
        self._clock = clock

    async def handle_async(self, request: ChangeAlertRuleCommand) -> OperationResult[AlertRuleView]:
        rule = await self._rules.get_async(request.rule_id)
        if rule is None or rule.state.removed:
            return missing("alert rule", request.rule_id)
        if request.expected_version not in (None, rule.state.state_version):
            return precondition_failed(f"alert rule {request.rule_id} is in version {rule.state.state_version}")
        details = replace(rule.state.details, **request.changes)
        if "channels" in request.changes:
            # What the rule names already stays as it was: no longer being there is no reason to refuse the rest.
            added = [one for one in details.channels if one not in rule.state.details.channels]
            unknown = await unknown_channel_async(self._channels, added)
            if unknown is not None:
                return invalid("channels", "must be ids of alert channels")
        watched = rule.state.details.watched
        rule.change(details, self._clock.now())
        await self._rules.update_async(rule)
        if not rule.state.watches:
            await self._evaluation.end_async(request.rule_id, "rule_inactive")
        elif details.watched != watched:
            await self._evaluation.end_async(request.rule_id, "rule_changed")
        last = await self._memory.get_many_async([request.rule_id])
        known = await known_channels_async(self._channels, [rule])
        return self.ok(rule_view(rule, known, last.get(request.rule_id)))
