"""Look at one alert rule."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.refusals import missing
from application.labops.alerts.named_channels import known_channels_async
from application.labops.alerts.ports import EvaluationMemory
from application.labops.alerts.views import AlertRuleView, rule_view
from domain.labops.alert_repositories import AlertChannelRepository, AlertRuleRepository


@dataclass(frozen=True, kw_only=True)
class GetAlertRuleQuery(Query[OperationResult[AlertRuleView]]):
    """One rule with its last evaluation."""

    rule_id: str


class GetAlertRuleQueryHandler(QueryHandler[GetAlertRuleQuery, OperationResult[AlertRuleView]]):
    def __init__(self, rules: AlertRuleRepository, channels: AlertChannelRepository, memory: EvaluationMemory) -> None:
        self._rules = rules
        self._channels = channels
        self._memory = memory

    async def handle_async(self, request: GetAlertRuleQuery) -> OperationResult[AlertRuleView]:
        rule = await self._rules.get_async(request.rule_id)
        if rule is None or rule.state.removed:
            return missing("alert rule", request.rule_id)
        last = await self._memory.get_many_async([request.rule_id])
        known = await known_channels_async(self._channels, [rule])
        return self.ok(rule_view(rule, known, last.get(request.rule_id)))
