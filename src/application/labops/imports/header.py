"""The first row of a file of specimens: which columns it may name, and what separates them."""

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice

REQUIRED = ("specimen_id", "assay", "machine_id", "operator_id", "status", "received_at")
OPTIONAL = ("error_code", "processed_at", "started_at")
NEEDED = (*REQUIRED, "error_code", "processed_at")
DELIMITERS = (",", ";", "\t")
_MOST_BLANK_LINES = 100
_NAMED = re.compile(r'("?)sep=([,;\t])\1', re.IGNORECASE)


def first_lines(lines: Iterator[str]) -> list[str]:
    """Take lines up to the first that is not blank; there are some at most."""
    head: list[str] = []
    for line in islice(lines, _MOST_BLANK_LINES):
        head.append(line)
        if line.rstrip("\r\n"):
            break
    return head


def names_delimiter(head: Sequence[str]) -> str:
    """Return what a line ``sep=;`` names, which spreadsheets write before the header; empty when there is none."""
    found = _NAMED.fullmatch(head[-1].rstrip("\r\n")) if head else None
    return "" if found is None else found[2]


def delimiter_of(head: Sequence[str]) -> str:
    """Return what separates the columns: that which gives most of the needed ones.

    Spreadsheets write semicolons where a comma stands in numbers. In a header that names none of them it is the comma,
    or, when no comma separates anything, what else does.

    Args:
        head: the first lines of a file, as :func:`first_lines` has them.
    """
    line = head[-1] if head else ""

    def found(delimiter: str) -> tuple[int, int]:
        try:
            names = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            return 0, 0
        needed = {name.strip().lower() for name in names}.intersection(NEEDED)
        return len(needed), 0 if "," in line else len(names)

    return max(DELIMITERS, key=found)
