"""Bodies and answers of the data quality routes, in the starter kit's shapes, with what it does not say beside them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.kernel.strict_body import StrictBody
from application.labops.quality.active_rules import ActiveRules
from application.labops.quality.runs import QualityRun, QualityRunState
from domain.labops.quality.report import QualityReport, Severity

_AT = "2026-03-01T12:00:00Z"
_RULE: dict[str, Any] = {
    "name": "Known statuses",
    "description": "The status is one of these",
    "rule_type": "allowed_values",
    "parameters": {"column": "status", "allowed_values": ["COMPLETED", "ERROR"]},
    "severity": "ERROR",
}
_VIOLATION: dict[str, Any] = {
    "rule_name": "Known statuses",
    "description": "The status is one of these",
    "severity": "ERROR",
    "row_indices": [4],
    "affected_rows": 1,
    "column": "status",
    "value": "['DONE']",
    "expected": "['COMPLETED', 'ERROR']",
    "examples": [{"row_index": 4, "line": 6, "value": "DONE"}],
}
_SUMMARY: dict[str, Any] = {
    "total_violations": 1,
    "errors": 1,
    "warnings": 0,
    "info": 0,
    "not_checked": 0,
    "timestamp": _AT,
}
_COUNT: dict[str, Any] = {
    "rule_name": "Known statuses",
    "severity": "ERROR",
    "violations": 1,
    "affected_rows": 1,
    "affected_values": 1,
}
_AS_IMPORT: dict[str, Any] = {
    "separator": ";",
    "error": None,
    "rows": 100,
    "rejected": 1,
    "first_rejected": [
        {
            "line": 6,
            "column": "status",
            "value": "DONE",
            "reason": "must be one of RECEIVED, IN_PROCESS, COMPLETED, ERROR",
        }
    ],
    "ignored_columns": [],
}
_RUN: dict[str, Any] = {
    "run_id": "0193a5c2-7f10-7000-8c1e-0d5f3a9b2e44",
    "kind": "specimens",
    "import_id": None,
    "trigger": "schedule",
    "actor": "system:job",
    "state": "completed",
    "started_at": _AT,
    "ended_at": _AT,
    "rules_source": "stored",
    "rules_version": 3,
    "error": None,
    "rows": 5000,
    "summary": _SUMMARY,
    "rules": [_COUNT],
    "worsened": [{"rule_name": "Known statuses", "affected_rows": 1, "affected_rows_before": 0}],
}


class RulesBody(StrictBody):
    """Rules: as data with a list `rules` (or the flat map of the simple checker), or the text of a YAML file in `yaml`.

    Of a text everything that is wrong is told with its line.
    """

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"rules": [_RULE]}]})

    yaml: Annotated[str, Field(max_length=131_072)] | None = None

    def document(self) -> dict[str, Any]:
        """Return the rules as they were sent."""
        return dict(self.model_extra or {})


class StartRunBody(StrictBody):
    """Nothing can be said of a run: it takes the rules of `GET /dq/rules`."""


class ExampleAnswer(BaseModel):
    """A cell that breaks a rule. `line` is where its row begins in the file; null for stored specimens."""

    model_config = ConfigDict(from_attributes=True)

    row_index: int
    line: int | None
    value: str | None


class ViolationAnswer(BaseModel):
    """One way in which data break a rule.

    `row_indices` counts data rows from 0 and lists the first 1,000; `affected_rows` counts all that are wrong. For a
    column that is not of its type the whole column is listed, and counted are the values that do not fit.
    """

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_VIOLATION]})

    rule_name: str
    description: str
    severity: Severity
    row_indices: list[int]
    affected_rows: int
    column: str
    value: str
    expected: str
    examples: list[ExampleAnswer]


class NotCheckedAnswer(BaseModel):
    """A part of a rule that could not be held against the data."""

    model_config = ConfigDict(from_attributes=True)

    rule_name: str
    column: str
    reason: str


class RuleCountAnswer(BaseModel):
    """How often one rule was broken; zeros when it holds.

    `affected_rows` are different rows: one that breaks the rule in several columns counts once. `affected_values` are
    all that its violations count together; null in reports from before that was told.
    """

    model_config = ConfigDict(from_attributes=True)

    rule_name: str
    severity: Severity
    violations: int
    affected_rows: int
    affected_values: int | None


class SummaryAnswer(BaseModel):
    """Violations by severity. `not_checked` are no violations."""

    total_violations: int
    errors: int
    warnings: int
    info: int
    not_checked: int
    timestamp: datetime


class RejectedRowAnswer(BaseModel):
    """A row that an import would not take; `column` is empty when the row as a whole is at fault."""

    model_config = ConfigDict(from_attributes=True)

    line: int
    column: str
    value: str
    reason: str


class TriedImportAnswer(BaseModel):
    """What `POST /specimens/import` would say about the same file, as far as the file alone tells.

    `separator`: of the columns, which this check reads it by as well; empty when an import cannot read the file at all.
    `error`: why the import would fail; null when it would not. `rejected` rows are not taken whatever is stored
    already; the first ones are listed.
    """

    model_config = ConfigDict(from_attributes=True)

    separator: Literal[",", ";", "\t", ""]
    error: str | None
    rows: int
    rejected: int
    first_rejected: list[RejectedRowAnswer]
    ignored_columns: list[str]


class ValidatedCsvAnswer(BaseModel):
    """What came of a file. `rules_source`: `rules_file`, `custom_rules`, `stored`, or the bundled file's name."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "success",
                    "data_shape": [100, 8],
                    "rules_applied": 1,
                    "rules_source": "rules_file",
                    "violations_count": 1,
                    "violations": [_VIOLATION],
                    "not_checked": [],
                    "rules": [_COUNT],
                    "as_import": _AS_IMPORT,
                    "summary": _SUMMARY,
                    "timestamp": _AT,
                }
            ]
        }
    )

    status: Literal["success"] = "success"
    data_shape: tuple[int, int]
    rules_applied: int
    rules_source: str
    violations_count: int
    violations: list[ViolationAnswer]
    not_checked: list[NotCheckedAnswer]
    rules: list[RuleCountAnswer]
    as_import: TriedImportAnswer
    summary: SummaryAnswer
    timestamp: datetime


class ValidRulesAnswer(BaseModel):
    """Rules that can be read."""

    status: Literal["valid"] = "valid"
    rules_loaded: int
    message: str


class RuleTypeAnswer(BaseModel):
    """A type of rules. `spelling`: `rule_type` with `parameters` below, or `type` with all of it side by side."""

    type: str
    spelling: Literal["rule_type", "type"]
    description: str
    example: dict[str, Any]


class RuleTemplatesAnswer(BaseModel):
    """Every type of rules with an example, and the rules that are there before anybody writes any."""

    rule_types: list[RuleTypeAnswer]
    sample_rules_file: str
    sample_rules: str


class QualityHealthAnswer(BaseModel):
    """That the service answers."""

    status: Literal["healthy"] = "healthy"
    service: str
    timestamp: datetime


class StoredRulesAnswer(BaseModel):
    """The rules that count now: `source` is `stored`, or the bundled file's name.

    `version` counts the changes; it is 0 until somebody has written rules.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"source": "stored", "version": 3, "yaml": "rules: [...]", "rules": {"rules": [_RULE]}}]
        }
    )

    source: str
    version: int
    yaml: str
    rules: Any


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

    model_config = ConfigDict(json_schema_extra={"examples": [{**_RUN, "violations": [_VIOLATION], "not_checked": []}]})

    violations: list[ViolationAnswer]
    not_checked: list[NotCheckedAnswer]


class QualityRunsPage(BaseModel):
    """Runs, newest first."""

    items: list[QualityRunItem]
    next_cursor: str | None


def summary_of(report: QualityReport, *, violations: int | None = None) -> SummaryAnswer:
    """Return the numbers of a report, from its rules: in lists its violations are left out."""
    by_severity = {
        severity: sum(one.violations for one in report.rules if one.severity is severity) for severity in Severity
    }
    return SummaryAnswer(
        total_violations=sum(by_severity.values()) if violations is None else violations,
        errors=by_severity[Severity.ERROR],
        warnings=by_severity[Severity.WARNING],
        info=by_severity[Severity.INFO],
        not_checked=len(report.not_checked),
        timestamp=report.made_at,
    )


def rules_answer(active: ActiveRules) -> StoredRulesAnswer:
    """Return rules as they are shown."""
    return StoredRulesAnswer(source=active.source, version=active.version, yaml=active.content, rules=active.document)


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
