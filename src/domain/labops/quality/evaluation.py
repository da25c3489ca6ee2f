"""Holding a table against rules, in one pass."""

from collections.abc import Sequence
from datetime import datetime

from domain.labops.quality.batches import RowBatch
from domain.labops.quality.checks import Check, Finding, Unchecked
from domain.labops.quality.distinct_rows import DistinctRows
from domain.labops.quality.report import NotChecked, QualityReport, RowTally, RuleCount, Severity, Violation
from domain.labops.quality.rule_types import Circumstances
from domain.labops.quality.rules import QualityRule, RuleSet


class Evaluation:
    """One run of a rule set over one table. See every batch in order, then ask for the report; close it in any case."""

    def __init__(self, rules: RuleSet, columns: Sequence[str], there: Circumstances) -> None:
        self._columns = columns
        self._rows = 0
        self._checks: list[tuple[QualityRule, Check]] = []
        self._not_checked: list[NotChecked] = []
        self._rules = rules.rules
        self._distinct: dict[str, DistinctRows] = {}
        for rule in rules.rules:
            tallies: list[RowTally] = []
            for check in rule.checks(there):
                absent = [name for name in check.columns if name not in there.columns]
                if absent:
                    told = "the data have no such column"
                    self._not_checked += [NotChecked(rule_name=rule.name, column=one, reason=told) for one in absent]
                    check.close()
                else:
                    self._checks.append((rule, check))
                    tallies += check.tallies
            if len(tallies) > 1:
                self._distinct[rule.name] = DistinctRows(tallies)

    def see(self, batch: RowBatch) -> None:
        """Look at some rows."""
        self._rows += len(batch.rows)
        for _, check in self._checks:
            check.see(batch)
        for rows in self._distinct.values():
            rows.see()

    def report(self, made_at: datetime, further: Sequence[Violation] = (), unread_rows: int = 0) -> QualityReport:
        """Return what was found.

        Args:
            made_at: aware UTC.
            further: violations that reading the data has brought.
            unread_rows: of the data, that no batch had.
        """
        violations = list(further)
        found: dict[str, list[RowTally]] = {}
        for rule, check in self._checks:
            for result in check.results():
                if isinstance(result, Unchecked):
                    told = NotChecked(rule_name=rule.name, column=result.column, reason=result.reason)
                    self._not_checked.append(told)
                else:
                    violations.append(_violation(rule, result))
                    found.setdefault(rule.name, []).append(result.tally)
        counts = [self._count(rule, found.get(rule.name, [])) for rule in self._rules]
        counts += [_count(one.rule_name, one.severity, 1, one.affected_rows, one.affected_rows) for one in further]
        return QualityReport(
            rows=self._rows + unread_rows,
            columns=len(self._columns),
            rules=tuple(counts),
            violations=tuple(violations),
            not_checked=tuple(self._not_checked),
            made_at=made_at,
        )

    def _count(self, rule: QualityRule, tallies: Sequence[RowTally]) -> RuleCount:
        values = sum(tally.count for tally in tallies)
        distinct = self._distinct.get(rule.name)
        rows = values if distinct is None or len(tallies) < 2 else distinct.count(tallies)
        return _count(rule.name, rule.severity, len(tallies), rows, values)

    def close(self) -> None:
        """Let go of what the checks hold."""
        for _, check in self._checks:
            check.close()


def _violation(rule: QualityRule, finding: Finding) -> Violation:
    return Violation(
        rule_name=rule.name,
        description=rule.description,
        severity=rule.severity,
        row_indices=tuple(finding.tally.rows) if finding.rows is None else finding.rows,
        affected_rows=finding.tally.count,
        column=finding.column,
        value=finding.value,
        expected=finding.expected,
        examples=tuple(finding.tally.examples),
    )


def _count(name: str, severity: Severity, violations: int, rows: int, values: int) -> RuleCount:
    return RuleCount(
        rule_name=name, severity=severity, violations=violations, affected_rows=rows, affected_values=values
    )
