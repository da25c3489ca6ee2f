"""Rows of a table, some thousand at a time and column by column, so that a check is one quick loop."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import TypeVar

from domain.labops.quality.cells import moment_of, number_of

T = TypeVar("T")
Column = Sequence[str | None]


class Unreadable:
    """Stands where a cell holds something that is not what it is read as."""


UNREADABLE = Unreadable()


class RowBatch:
    """Some rows of a table.

    Args:
        rows: index of each row in the whole table, from 0.
        lines: line of the file on which each begins; None where there is no file.
        columns: by name, each as long as ``rows``; None where there is no value.
        zone: of times without an offset.
    """

    def __init__(
        self, rows: Sequence[int], lines: Sequence[int] | None, columns: Mapping[str, Column], zone: tzinfo
    ) -> None:
        self.rows = rows
        self.lines = lines
        self.columns = columns
        self._zone = zone
        self._numbers: dict[str, list[float | Unreadable | None]] = {}
        self._moments: dict[str, list[datetime | Unreadable | None]] = {}

    def numbers(self, column: str) -> list[float | Unreadable | None]:
        """Return a column's numbers: None for no value, ``UNREADABLE`` for what is no number."""
        if column not in self._numbers:
            self._numbers[column] = _each(self.columns[column], number_of)
        return self._numbers[column]

    def moments(self, column: str) -> list[datetime | Unreadable | None]:
        """Return a column's times in UTC: None for no value, ``UNREADABLE`` for what is no time."""
        if column not in self._moments:
            zone = self._zone
            self._moments[column] = _each(self.columns[column], lambda text: moment_of(text, zone))
        return self._moments[column]

    def where(self, column: str, values: frozenset[str]) -> "RowBatch":
        """Return the rows that have one of some values in a column."""
        kept = [at for at, value in enumerate(self.columns[column]) if value in values]
        if len(kept) == len(self.rows):
            return self
        columns = {name: [cells[at] for at in kept] for name, cells in self.columns.items()}
        lines = None if self.lines is None else [self.lines[at] for at in kept]
        return RowBatch([self.rows[at] for at in kept], lines, columns, self._zone)


def _each(cells: Column, read: Callable[[str], T | None]) -> list[T | Unreadable | None]:
    found: list[T | Unreadable | None] = []
    for text in cells:
        if text is None:
            found.append(None)
        else:
            value = read(text)
            found.append(UNREADABLE if value is None else value)
    return found
