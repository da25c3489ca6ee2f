"""What is found in data, in the starter kit's shapes, with what it does not say beside them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from domain.labops.quality.report import QualityReport, Severity

AT = "2026-03-01T12:00:00Z"
VIOLATION_EXAMPLE: dict[str, Any] = {
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
SUMMARY_EXAMPLE: dict[str, Any] = {
    "total_violations": 1,
    "errors": 1,
    "warnings": 0,
    "info": 0,
    "not_checked": 0,
    "timestamp": AT,
}
COUNT_EXAMPLE: dict[str, Any] = {
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

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [VIOLATION_EXAMPLE]})

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
    """How often one rule was broken; zeros when it holds, or could not be checked, as `not_checked` tells.

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
    `error`: why the import would fail; null when it would not. `rejected` rows break a rule, or contradict an
    earlier row of the file as long as nothing of their specimens is stored; the first ones are listed.
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
                    "violations": [VIOLATION_EXAMPLE],
                    "not_checked": [],
                    "rules": [COUNT_EXAMPLE],
                    "as_import": _AS_IMPORT,
                    "summary": SUMMARY_EXAMPLE,
                    "timestamp": AT,
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


class QualityHealthAnswer(BaseModel):
    """That the service answers."""

    status: Literal["healthy"] = "healthy"
    service: str
    timestamp: datetime


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
