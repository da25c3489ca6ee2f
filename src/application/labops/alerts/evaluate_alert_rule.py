"""Evaluate an alert rule now."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import conflicting, missing
from application.labops.alerts.alert_evaluation import AlertEvaluation
from application.labops.alerts.views import EvaluationView
from domain.labops.alert_repositories import AlertRuleRepository


@dataclass(frozen=True, kw_only=True)
class EvaluateAlertRuleCommand(Command[OperationResult[EvaluationView]]):
    """Do for one rule, and now, what the job does for all."""

    rule_id: str


class EvaluateAlertRuleCommandHandler(CommandHandler[EvaluateAlertRuleCommand, OperationResult[EvaluationView]]):
    def __init__(self, rules: AlertRuleRepository, evaluation: AlertEvaluation) -> None:
        self._rules = rules
        self._evaluation = evaluation

    async def handle_async(self, request: EvaluateAlertRuleCommand) -> OperationResult[EvaluationView]:
        rule = await self._rules.get_async(request.rule_id)
        if rule is None or rule.state.removed:
            return missing("alert rule", request.rule_id)
        if not rule.state.watches:
            return conflicting(f"alert rule {request.rule_id} is inactive; make it active first")
        return self.ok(await self._evaluation.evaluate_async(rule))
