"""What came of holding data against rules."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

MOST_ROWS = 1000
"""Rows that a violation lists; ``affected_rows`` counts them all."""
MOST_EXAMPLES = 5
LONGEST_TEXT = 200


class Severity(StrEnum):
    """How bad it is when a rule is broken."""

    ERROR = "ERROR"
    WARNING = "WARNING"
    INFO = "INFO"


@dataclass(frozen=True, slots=True)
class Example:
    """One cell that breaks a rule; ``line`` is that of the file on which its row begins, None without a file."""

    row_index: int
    line: int | None
    value: str | None


@dataclass(slots=True)
class RowTally:
    """Rows that break a rule, in rising order: all are counted, the first ones listed.

    Attributes:
        fresh: rows since somebody last looked; None while nobody does.
    """

    count: int = 0
    rows: list[int] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    fresh: list[int] | None = None

    def add(self, row: int, line: int | None, value: str | None) -> None:
        """Count a row."""
        self.count += 1
        if self.fresh is not None:
            self.fresh.append(row)
        if len(self.rows) < MOST_ROWS:
            self.rows.append(row)
            if len(self.examples) < MOST_EXAMPLES:
                self.examples.append(Example(row, line, None if value is None else value[:LONGEST_TEXT]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One way in which the data break a rule.

    Attributes:
        row_indices: data rows from 0, rising, the first 1,000. For a column of the wrong type: of the whole column.
        affected_rows: how many rows break it.
        column: the one that is wrong; ``schema`` when columns are missing.
        value, expected: what is there and what should be, as text.
        examples: the first cells that break it.
    """

    rule_name: str
    description: str
    severity: Severity
    row_indices: tuple[int, ...]
    affected_rows: int
    column: str
    value: str
    expected: str
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotChecked:
    """A part of a rule that could not be held against the data, and why. It is no violation."""

    rule_name: str
    column: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """How often one rule was broken; ``violations`` is 0 for a rule that holds.

    Attributes:
        affected_rows: different rows that break it; one that does in several columns counts once.
        affected_values: cells, or pairs of cells that are compared, that break it: the sum over its violations.
    """

    rule_name: str
    severity: Severity
    violations: int
    affected_rows: int
    affected_values: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """All that was found.

    Attributes:
        rows, columns: size of the data.
        rules: one entry per rule, in their order, also for those that hold.
        made_at: aware UTC.
    """

    rows: int
    columns: int
    rules: tuple[RuleCount, ...]
    violations: tuple[Violation, ...]
    not_checked: tuple[NotChecked, ...]
    made_at: datetime
