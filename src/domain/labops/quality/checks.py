"""Checks: each sees all rows once, a batch at a time, and then says what it found."""

import heapq
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.labops.quality.batches import RowBatch, Unreadable
from domain.labops.quality.key_ledger import KeyLedger
from domain.labops.quality.report import LONGEST_TEXT, MOST_EXAMPLES, MOST_ROWS, Example, RowTally
from domain.labops.words import counted

MOST_VALUES = 50
"""Different wrong values that are told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation before it is known whose it is. ``rows`` replaces the tally's where the whole column counts."""

    column: str
    tally: RowTally
    value: str
    expected: str
    rows: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A column, or part of it, that a check could not look at."""

    column: str
    reason: str


class Check(ABC):
    """One check. ``columns`` are those it cannot do without, ``tallies`` what it counts while it looks at rows."""

    columns: tuple[str, ...] = ()
    tallies: tuple[RowTally, ...] = ()

    def see(self, batch: RowBatch) -> None:  # noqa: B027  not every check looks at rows
        """Look at some rows."""

    @abstractmethod
    def results(self) -> Iterator[Finding | Unchecked]:
        """Yield what was found, after all rows were seen."""

    def close(self) -> None:  # noqa: B027  most checks hold nothing
        """Let go of what it holds."""


def line_of(batch: RowBatch, at: int) -> int | None:
    """Return the line of the file on which a row of a batch begins; None without a file."""
    return None if batch.lines is None else batch.lines[at]


class ColumnsAreThere(Check):
    """The schema has the required columns."""

    def __init__(self, required: tuple[str, ...], there: Collection[str]) -> None:
        self._required = required
        self._missing = [name for name in required if name not in there]

    def results(self) -> Iterator[Finding | Unchecked]:
        if self._missing:
            yield Finding("schema", RowTally(), str(self._missing), str(list(self._required)))


class OneBeforeTheOther(Check):
    """A time lies before another; equal ones count as wrong."""

    def __init__(self, first: str, second: str) -> None:
        self.columns = (first, second)
        self._tally = RowTally()
        self.tallies = (self._tally,)
        self._unreadable = {first: 0, second: 0}

    def see(self, batch: RowBatch) -> None:
        first, second = self.columns
        for at, (begin, end) in enumerate(zip(batch.moments(first), batch.moments(second), strict=True)):
            if isinstance(begin, datetime) and isinstance(end, datetime):
                if begin >= end:
                    told = f"{batch.columns[first][at]} / {batch.columns[second][at]}"
                    self._tally.add(batch.rows[at], line_of(batch, at), told)
            else:
                self._unreadable[first] += isinstance(begin, Unreadable)
                self._unreadable[second] += isinstance(end, Unreadable)

    def results(self) -> Iterator[Finding | Unchecked]:
        first, second = self.columns
        if self._tally.count:
            yield Finding(second, self._tally, f"{first} >= {second}", f"{first} < {second}")
        yield from _unreadable(self._unreadable, "no date or time")


class NotAfter(Check):
    """Times are not later than a limit."""

    def __init__(self, column: str, limit: datetime, told: str) -> None:
        self.columns = (column,)
        self._limit, self._told = limit, told
        self._tally = RowTally()
        self.tallies = (self._tally,)
        self._unreadable = {column: 0}

    def see(self, batch: RowBatch) -> None:
        [column] = self.columns
        for at, moment in enumerate(batch.moments(column)):
            if isinstance(moment, datetime):
                if moment > self._limit:
                    self._tally.add(batch.rows[at], line_of(batch, at), batch.columns[column][at])
            elif moment is not None:
                self._unreadable[column] += 1

    def results(self) -> Iterator[Finding | Unchecked]:
        if self._tally.count:
            yield Finding(self.columns[0], self._tally, counted(self._tally.count, "later date"), self._told)
        yield from _unreadable(self._unreadable, "no date or time")


class LastsAtMost(Check):
    """The time between two others is not longer than so many hours."""

    def __init__(self, first: str, second: str, hours: float) -> None:
        self.columns = (first, second)
        self._hours, self._longest = hours, timedelta(hours=hours)
        self._tally = RowTally()
        self.tallies = (self._tally,)

    def see(self, batch: RowBatch) -> None:
        first, second = self.columns
        for at, (begin, end) in enumerate(zip(batch.moments(first), batch.moments(second), strict=True)):
            if isinstance(begin, datetime) and isinstance(end, datetime) and end - begin > self._longest:
                self._tally.add(batch.rows[at], line_of(batch, at), str(end - begin))

    def results(self) -> Iterator[Finding | Unchecked]:
        if self._tally.count:
            first, second = self.columns
            told = f"{first} to {second} in at most {self._hours:g} hour{'' if self._hours == 1 else 's'}"
            yield Finding(second, self._tally, f"{self._tally.count} longer", told)


class OneOf(Check):
    """Cells hold one of some values; no value is none of them. Numbers are compared as numbers."""

    def __init__(self, column: str, allowed: tuple[str, ...], numbers: frozenset[float]) -> None:
        self.columns = (column,)
        self._allowed, self._texts, self._numbers = allowed, frozenset(allowed), numbers
        self._tally = RowTally()
        self.tallies = (self._tally,)
        self._values: dict[str | None, None] = {}

    def see(self, batch: RowBatch) -> None:
        [column] = self.columns
        cells, texts = batch.columns[column], self._texts
        wrong = [at for at, value in enumerate(cells) if value not in texts]
        if wrong and self._numbers:
            numbers = batch.numbers(column)
            wrong = [at for at in wrong if numbers[at] not in self._numbers]
        for at in wrong:
            value = cells[at]
            self._tally.add(batch.rows[at], line_of(batch, at), value)
            if len(self._values) < MOST_VALUES:
                self._values[None if value is None else value[:100]] = None

    def results(self) -> Iterator[Finding | Unchecked]:
        if self._tally.count:
            yield Finding(self.columns[0], self._tally, str(list(self._values)), str(list(self._allowed)))


class SameKeyTwice(Check):
    """No combination of some columns is there twice; of those that are, every row counts."""

    def __init__(self, columns: tuple[str, ...], ledger: KeyLedger) -> None:
        self.columns = columns
        self._ledger = ledger

    def see(self, batch: RowBatch) -> None:
        add = self._ledger.add
        keys = zip(*(batch.columns[name] for name in self.columns), strict=True)
        for at, (row, key) in enumerate(zip(batch.rows, keys, strict=True)):
            add(row, line_of(batch, at), key)

    def results(self) -> Iterator[Finding | Unchecked]:
        tally = RowTally()

        def each() -> Iterator[int]:
            for row in self._ledger.shared():
                tally.count += 1
                yield row

        tally.rows = heapq.nsmallest(MOST_ROWS, each())
        for row, line, key in self._ledger.noted(tally.rows[:MOST_EXAMPLES]):
            value = key[0] if len(key) == 1 else " / ".join(one or "" for one in key)
            tally.examples.append(Example(row, line, None if value is None else value[:LONGEST_TEXT]))
        if tally.count:
            yield Finding(", ".join(self.columns), tally, f"{tally.count} rows share their values", "unique")

    def close(self) -> None:
        self._ledger.close()


def _unreadable(counts: dict[str, int], what: str) -> Iterator[Unchecked]:
    for column, count in counts.items():
        if count:
            yield Unchecked(column, f"{counted(count, 'value')} left out: {what}")
