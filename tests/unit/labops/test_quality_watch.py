"""When a run is worse than the one before: past events, one run, new events."""

from datetime import UTC, datetime, timedelta

import pytest

from application.labops.quality.runs import LONGEST_RUN, QualityRun, QualityRunState
from domain.kernel.domain_event import RecordedDomainEvent
from domain.labops.quality.report import RuleCount, Severity
from domain.labops.quality.stored_rules import QualityRules
from domain.labops.quality.watch import IMPORTS, SPECIMENS, QualityWatch
from domain.labops.quality_events import (
    QualityCheckedDomainEvent,
    QualityRulesChangedDomainEvent,
    QualityWorsenedDomainEvent,
    RuleTally,
    WorsenedRule,
)
from integration.labops.quality_run_documents import document_of, run_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def count(affected: int, violations: int | None = None) -> RuleCount:
    found = int(affected > 0) if violations is None else violations
    return RuleCount(rule_name="R", severity=Severity.ERROR, violations=found, affected_rows=affected)


def checked(kind: str, affected: int, rows: int = 100) -> QualityCheckedDomainEvent:
    tally = RuleTally(rule_name="R", severity="ERROR", affected_rows=affected)
    return QualityCheckedDomainEvent(
        aggregate_id=kind, created_at=NOW, run_id="before", rules_stamp="s", rows=rows, tallies=[tally]
    )


def given(*events: RecordedDomainEvent) -> QualityWatch:
    watch = QualityWatch()
    for version, event in enumerate(events, 1):
        event.aggregate_version = version
    watch.replay(events)
    return watch


@pytest.mark.parametrize(
    ("kind", "before", "rows_before", "now", "rows", "is_worse"),
    [
        (SPECIMENS, 1, 100, 2, 200, True),
        (SPECIMENS, 2, 100, 2, 100, False),
        (SPECIMENS, 2, 100, 1, 100, False),
        (IMPORTS, 1, 100, 2, 200, False),
        (IMPORTS, 1, 100, 3, 200, True),
        (IMPORTS, 5, 100, 4, 10, False),
        (IMPORTS, 0, 0, 1, 1, True),
    ],
)
def test_more_broken_rows_are_worse_and_of_a_file_a_greater_share(
    kind: str, before: int, rows_before: int, now: int, rows: int, is_worse: bool
) -> None:
    watch = given(checked(kind, before, rows_before))
    assert bool(watch.note(kind, "now", "s", rows, [count(now)], NOW)) is is_worse
    kinds = [type(event) for event in watch.pending_events]
    assert kinds == [QualityCheckedDomainEvent, *([QualityWorsenedDomainEvent] if is_worse else [])]


def test_what_worsened_says_how_it_was() -> None:
    watch = given(checked(SPECIMENS, 1))
    watch.note(SPECIMENS, "now", "s", 200, [count(4)], NOW)
    worsened = watch.pending_events[-1]
    assert isinstance(worsened, QualityWorsenedDomainEvent)
    assert (worsened.run_id, worsened.run_id_before) == ("now", "before")
    assert worsened.worsened == [
        WorsenedRule(
            rule_name="R", severity="ERROR", affected_rows=4, affected_rows_before=1, share=0.02, share_before=0.01
        )
    ]


def test_the_first_run_and_one_under_other_rules_compare_with_nothing() -> None:
    assert QualityWatch().note(SPECIMENS, "now", "s", 10, [count(5)], NOW) == []
    watch = given(checked(SPECIMENS, 1))
    assert watch.note(SPECIMENS, "now", "other", 10, [count(5)], NOW) == []
    assert watch.note(SPECIMENS, "next", "other", 10, [count(6)], NOW) != []


def test_a_run_that_is_noted_again_changes_nothing_and_missing_columns_count() -> None:
    watch = given(checked(SPECIMENS, 0))
    assert watch.note(SPECIMENS, "before", "s", 10, [count(5)], NOW) == []
    assert watch.pending_events == []
    assert len(watch.note(SPECIMENS, "now", "s", 10, [count(0, violations=1)], NOW)) == 1


def test_a_run_that_is_noted_again_is_answered_what_it_was_then() -> None:
    """Its process died after that was stored, and before the run was."""
    watch = given(checked(SPECIMENS, 1))
    then = watch.note(SPECIMENS, "now", "s", 200, [count(4)], NOW)
    watch.mark_committed()
    assert watch.note(SPECIMENS, "now", "s", 200, [count(4)], NOW) == then != []
    assert watch.pending_events == []
    assert watch.note(SPECIMENS, "next", "s", 200, [count(4)], NOW) == []


def test_the_same_rules_again_are_no_change() -> None:
    rules = QualityRules()
    rules.change("rules: []", 1, NOW)
    rules.mark_committed()
    rules.change("rules: []", 1, NOW)
    assert rules.pending_events == []
    rules.change("rules: [a]", 1, NOW)
    [event] = rules.pending_events
    assert isinstance(event, QualityRulesChangedDomainEvent)
    assert event.content == "rules: [a]"


def test_a_run_that_lasts_longer_than_any_may_is_shown_as_abandoned() -> None:
    run = QualityRun(
        run_id="r",
        kind=SPECIMENS,
        import_id=None,
        trigger="manual",
        actor="a",
        state=QualityRunState.RUNNING,
        started_at=NOW,
        rules_source="stored",
        rules_version=1,
    )
    stored = {"_id": "r", **document_of(run)}
    assert run_of(stored, NOW + LONGEST_RUN) == run
    later = run_of(stored, NOW + LONGEST_RUN + timedelta(seconds=1))
    assert later.state is QualityRunState.ABANDONED
