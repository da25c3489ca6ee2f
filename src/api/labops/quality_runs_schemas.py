"""Bodies and answers around runs of data quality."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from api.kernel.strict_body import StrictBody
from api.labops.quality_report_schemas import (
    AT,
    COUNT_EXAMPLE,
    SUMMARY_EXAMPLE,
    VIOLATION_EXAMPLE,
    NotCheckedAnswer,
    RuleCountAnswer,
    SummaryAnswer,
    ViolationAnswer,
    summary_of,
)
from application.labops.quality.runs import QualityRun, QualityRunState

_RUN: dict[str, Any] = {
    "run_id": "0193a5c2-7f10-7000-8c1e-0d5f3a9b2e44",
    "kind": "specimens",
    "import_id": None,
    "trigger": "schedule",
    "actor": "system:job",
    "state": "completed",
    "started_at": AT,
    "ended_at": AT,
    "rules_source": "stored",
    "rules_version": 3,
    "error": None,
    "rows": 5000,
    "summary": SUMMARY_EXAMPLE,
    "rules": [COUNT_EXAMPLE],
    "worsened": [{"rule_name": "Known statuses", "affected_rows": 1, "affected_rows_before": 0}],
}


class StartRunBody(StrictBody):
    """Nothing can be said of a run: it takes the rules of `GET /dq/rules`."""


class WorseningAnswer(BaseModel):
    """A rule that more rows break than in the run before under the same rules."""

    model_config = ConfigDict(from_attributes=True)

    rule_name: str
    affected_rows: int
    affected_rows_before: int


class QualityRunItem(BaseModel):
    """A run over stored specimens or over the file of an import; with numbers once it has completed."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RUN]})

    run_id: str
    kind: Literal["specimens", "imports"]
    import_id: str | None
    trigger: str
    actor: str
    state: QualityRunState
    started_at: datetime
    ended_at: datetime | None
    rules_source: str
    rules_version: int
    error: str | None
    rows: int | None
    summary: SummaryAnswer | None
    rules: list[RuleCountAnswer]
    worsened: list[WorseningAnswer]


class QualityRunAnswer(QualityRunItem):
    """A run with its violations."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_RUN, "violations": [VIOLATION_EXAMPLE], "not_checked": []}]}
    )

    violations: list[ViolationAnswer]
    not_checked: list[NotCheckedAnswer]


class QualityRunsPage(BaseModel):
    """Runs, newest first."""

    items: list[QualityRunItem]
    next_cursor: str | None


def run_fields(run: QualityRun) -> dict[str, Any]:
    """Return what is shown of a run in a list."""
    report = run.report
    return {
        "run_id": run.run_id,
        "kind": run.kind,
        "import_id": run.import_id,
        "trigger": run.trigger,
        "actor": run.actor,
        "state": run.state,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "rules_source": run.rules_source,
        "rules_version": run.rules_version,
        "error": run.error,
        "rows": None if report is None else report.rows,
        "summary": None if report is None else summary_of(report),
        "rules": [] if report is None else [RuleCountAnswer.model_validate(one) for one in report.rules],
        "worsened": [WorseningAnswer.model_validate(one) for one in run.worsened],
    }


def run_answer(run: QualityRun) -> QualityRunAnswer:
    """Return a run with its report."""
    report = run.report
    return QualityRunAnswer(
        **run_fields(run),
        violations=[] if report is None else [ViolationAnswer.model_validate(one) for one in report.violations],
        not_checked=[] if report is None else [NotCheckedAnswer.model_validate(one) for one in report.not_checked],
    )
