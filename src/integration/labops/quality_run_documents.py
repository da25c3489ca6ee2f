"""Quality runs as they are stored.

Document of the collection ``labops_quality_runs``: ``{_id: run id, kind, import_id, trigger, actor, state, started_at,
ended_at, rules_source, rules_version, error, worsened: [...], starts, token, rows, columns, made_at, rules: [...],
not_checked: [...], violations: [...]}``; what belongs to the report is missing until there is one.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from application.labops.quality.runs import LONGEST_RUN, QualityRun, QualityRunState, Worsening
from domain.labops.quality.report import Example, NotChecked, QualityReport, RuleCount, Severity, Violation
from integration.mongo.driver import MongoDocument

LARGEST_REPORT_ROWS = 200_000
"""Row indices that are stored with one report, over all violations: a document has room for 16 MiB."""


def document_of(run: QualityRun) -> MongoDocument:
    """Return the stored form of a run, without its id and without who works on it."""
    document: MongoDocument = {
        "kind": run.kind,
        "import_id": run.import_id,
        "trigger": run.trigger,
        "actor": run.actor,
        "state": run.state.value,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "rules_source": run.rules_source,
        "rules_version": run.rules_version,
        "error": run.error,
        "worsened": [asdict(one) for one in run.worsened],
    }
    report = run.report
    if report is not None:
        each = LARGEST_REPORT_ROWS // max(1, len(report.violations))
        document |= {
            "rows": report.rows,
            "columns": report.columns,
            "made_at": report.made_at,
            "rules": [{**asdict(one), "severity": one.severity.value} for one in report.rules],
            "not_checked": [asdict(one) for one in report.not_checked],
            "violations": [_violation_document(one, each) for one in report.violations],
        }
    return document


def _violation_document(violation: Violation, rows: int) -> MongoDocument:
    document = asdict(violation)
    document["severity"] = violation.severity.value
    document["row_indices"] = list(violation.row_indices[:rows])
    document["examples"] = [asdict(one) for one in violation.examples]
    return document


def run_of(document: MongoDocument, now: datetime) -> QualityRun:
    """Return a stored run. Its violations may be left out. One that runs longer than any may is abandoned."""
    state = QualityRunState(document["state"])
    if state is QualityRunState.RUNNING and now - document["started_at"] > LONGEST_RUN:
        state = QualityRunState.ABANDONED
    return QualityRun(
        run_id=document["_id"],
        kind=document["kind"],
        import_id=document["import_id"],
        trigger=document["trigger"],
        actor=document["actor"],
        state=state,
        started_at=document["started_at"],
        ended_at=document["ended_at"],
        rules_source=document["rules_source"],
        rules_version=document["rules_version"],
        error=document["error"],
        worsened=tuple(Worsening(**one) for one in document["worsened"]),
        report=_report(document) if "rows" in document else None,
    )


def _report(document: MongoDocument) -> QualityReport:
    return QualityReport(
        rows=document["rows"],
        columns=document["columns"],
        made_at=document["made_at"],
        rules=tuple(RuleCount(**_with_severity(one)) for one in document["rules"]),
        not_checked=tuple(NotChecked(**one) for one in document["not_checked"]),
        violations=tuple(_violation(one) for one in document.get("violations", ())),
    )


def _violation(stored: dict[str, Any]) -> Violation:
    values = _with_severity(stored)
    values["row_indices"] = tuple(stored["row_indices"])
    values["examples"] = tuple(Example(**one) for one in stored["examples"])
    return Violation(**values)


def _with_severity(stored: dict[str, Any]) -> dict[str, Any]:
    return {**stored, "severity": Severity(stored["severity"])}
