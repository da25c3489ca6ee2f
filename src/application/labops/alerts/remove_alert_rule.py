"""Remove an alert rule."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import missing, precondition_failed
from application.labops.alerts.alert_evaluation import AlertEvaluation
from application.labops.alerts.ports import EvaluationMemory
from domain.kernel.clock import Clock
from domain.labops.alert_repositories import AlertRuleRepository


@dataclass(frozen=True, kw_only=True)
class RemoveAlertRuleCommand(Command[OperationResult[None]]):
    """Watch it no longer; what stands open of it is resolved without a message."""

    rule_id: str
    expected_version: int | None = None


class RemoveAlertRuleCommandHandler(CommandHandler[RemoveAlertRuleCommand, OperationResult[None]]):
    def __init__(
        self, rules: AlertRuleRepository, evaluation: AlertEvaluation, memory: EvaluationMemory, clock: Clock
    ) -> None:
        self._rules = rules
        self._evaluation = evaluation
        self._memory = memory
        self._clock = clock

    async def handle_async(self, request: RemoveAlertRuleCommand) -> OperationResult[None]:
        rule = await self._rules.get_async(request.rule_id)
        if rule is None or rule.state.removed:
            return missing("alert rule", request.rule_id)
        if request.expected_version not in (None, rule.state.state_version):
            return precondition_failed(f"alert rule {request.rule_id} is in version {rule.state.state_version}")
        rule.remove(self._clock.now())
        await self._rules.update_async(rule)
        # The job does this too, in case we die in between.
        await self._evaluation.end_async(request.rule_id, "rule_removed")
        await self._memory.forget_async(request.rule_id)
        return self.no_content()
