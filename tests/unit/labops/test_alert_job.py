"""The job that evaluates all rules, where some of them cannot be."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

from neuroglia.data.exceptions import OptimisticConcurrencyException

from application.kernel.jobs import RunOutcome, RunPart
from domain.kernel.errors import UnavailableError
from domain.labops.alert_rule import AlertRule
from domain.labops.alert_values import AlertMetric, AlertOperator, AlertRuleDetails
from integration.labops.alert_jobs import AlertEvaluationJob
from settings import LabopsSettings
from tests.support.measured import NOW


class Recorder:
    def __init__(self) -> None:
        self.expected = 0
        self.parts: list[RunPart] = []

    async def expect_async(self, parts_total: int) -> None:
        self.expected = parts_total

    async def part_async(self, part: RunPart) -> None:
        self.parts.append(part)


class Evaluation:
    """Answers each rule what the test says."""

    def __init__(self, **answers: Exception | None) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def evaluate_async(self, rule: AlertRule) -> Any:
        self.asked.append(rule.state.id)
        if (error := self.answers[rule.state.id]) is not None:
            raise error
        return SimpleNamespace(outcome=SimpleNamespace(value="fine"))

    async def end_async(self, rule_id: str, reason: str) -> bool:
        self.asked.append(f"{rule_id} {reason}")
        if (error := self.answers[rule_id]) is not None:
            raise error
        return False


def rule(rule_id: str, *, active: bool = True) -> AlertRule:
    details = AlertRuleDetails(
        name=rule_id,
        metric=AlertMetric.ERROR_RATE,
        operator=AlertOperator.GT,
        threshold=0.5,
        clear_threshold=0.5,
        window=timedelta(hours=1),
        cool_down=timedelta(),
        active=active,
    )
    return AlertRule.define(rule_id, details, NOW)


async def run(evaluation: Evaluation, *rules: AlertRule) -> tuple[Recorder, list[tuple[str, bool]]]:
    class Rules:
        async def get_all_async(self) -> list[AlertRule]:
            return list(rules)

    job = AlertEvaluationJob(cast(Any, Rules()), cast(Any, evaluation), LabopsSettings())
    recorder = Recorder()
    await job.run_async(cast(Any, recorder), "schedule")
    return recorder, [(part.part_id, part.outcome is RunOutcome.SUCCEEDED) for part in recorder.parts]


async def test_one_rule_that_fails_keeps_no_other_from_being_evaluated() -> None:
    lost = OptimisticConcurrencyException("b", 1, 2)
    evaluation = Evaluation(a=RuntimeError("a surprise"), b=lost, c=lost, d=None)
    recorder, parts = await run(evaluation, rule("a"), rule("b", active=False), rule("c"), rule("d"))
    assert evaluation.asked == ["a", "b rule_inactive", "c", "d"]
    assert parts == [("a", False), ("b", False), ("c", False), ("d", True)]
    assert recorder.parts[0].error == "unexpected RuntimeError", "no text of a surprise is told"


async def test_what_gives_one_rule_no_answer_is_not_waited_for_once_more_by_each_other() -> None:
    evaluation = Evaluation(a=None, b=UnavailableError("behind"), c=None, d=None)
    recorder, parts = await run(evaluation, rule("a"), rule("b"), rule("c"), rule("d", active=False))
    assert evaluation.asked == ["a", "b"]
    assert parts == [("a", True), ("b", False), ("c", False)]
    assert {part.error for part in recorder.parts[1:]} == {"behind"}
    assert recorder.expected == 3
