"""The job that holds every alert rule against what is measured."""

import structlog
from neuroglia.data.exceptions import OptimisticConcurrencyException

from application.kernel.jobs import LabkeeperJob, RunOutcome, RunPart, RunRecorder
from application.labops.alerts.alert_evaluation import AlertEvaluation
from domain.kernel.errors import LabkeeperError, UnavailableError
from domain.labops.alert_repositories import AlertRuleRepository
from settings import LabopsSettings

log = structlog.get_logger(__name__)


class AlertEvaluationJob(LabkeeperJob):
    """Evaluates the active rules, and ends what stands of the others."""

    task_id = "alert-evaluation"
    description = "Evaluate all alert rules"

    def __init__(self, rules: AlertRuleRepository, evaluation: AlertEvaluation, settings: LabopsSettings) -> None:
        self._rules = rules
        self._evaluation = evaluation
        self.interval_seconds = settings.alert_interval_seconds
        self.deadline_seconds = max(60.0, 5 * settings.alert_interval_seconds)

    async def run_async(self, recorder: RunRecorder, trigger: str) -> None:  # noqa: ARG002  each run does the same
        rules = await self._rules.get_all_async()
        await recorder.expect_async(sum(rule.state.watches for rule in rules))
        no_answer: str | None = None
        for rule in rules:
            rule_id = rule.state.id
            if no_answer is not None:
                # What gave one rule no answer gives none to the others, and each would wait for it.
                if rule.state.watches:
                    await recorder.part_async(RunPart(rule_id, RunOutcome.FAILED, error=no_answer))
                continue
            try:
                if not rule.state.watches:
                    await self._evaluation.end_async(rule_id, "rule_removed" if rule.state.removed else "rule_inactive")
                    continue
                evaluation = await self._evaluation.evaluate_async(rule)
            except UnavailableError as error:
                no_answer = str(error)
                await recorder.part_async(RunPart(rule_id, RunOutcome.FAILED, error=no_answer))
            except (LabkeeperError, OptimisticConcurrencyException) as error:
                await recorder.part_async(RunPart(rule_id, RunOutcome.FAILED, error=str(error)))
            except Exception as error:  # process edge: one rule's surprise must not stop the others
                log.exception("alert_evaluation_failed", rule_id=rule_id)
                why = f"unexpected {type(error).__name__}"
                await recorder.part_async(RunPart(rule_id, RunOutcome.FAILED, error=why))
            else:
                counts = {evaluation.outcome.value: 1}
                await recorder.part_async(RunPart(rule_id, RunOutcome.SUCCEEDED, counts))
