"""Reports as CSV with the columns of the starter kit, safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable

from application.labops.spreadsheets import harmless
from domain.labops.quality.report import Violation

HEADER = ("rule_name", "description", "severity", "column", "value", "expected", "affected_rows")


def report_csv(violations: Iterable[Violation]) -> str:
    """Return one line per violation under a header. A cell that a spreadsheet would run begins with ``'``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADER)
    for one in violations:
        cells = (one.rule_name, one.description, one.severity.value, one.column, one.value, one.expected)
        writer.writerow([*(harmless(cell) for cell in cells), one.affected_rows])
    return text.getvalue()
