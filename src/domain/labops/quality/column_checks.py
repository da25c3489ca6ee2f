"""Checks of one column: its type, its range, how complete it is, what its texts look like."""

from collections.abc import Callable, Iterator

from domain.labops.quality.batches import UNREADABLE, RowBatch, Unreadable
from domain.labops.quality.checks import Check, Finding, Unchecked, line_of
from domain.labops.quality.report import MOST_ROWS, RowTally
from domain.labops.words import counted


class HasType(Check):
    """All values of a column are numbers, or all are times. When not, the whole column is listed, as in the kit."""

    def __init__(self, column: str, word: str, *, is_time: bool) -> None:
        self.columns = (column,)
        self._word, self._is_time = word, is_time
        self._tally = RowTally()
        self.tallies = (self._tally,)
        self._first_rows: list[int] = []

    def see(self, batch: RowBatch) -> None:
        [column] = self.columns
        if len(self._first_rows) < MOST_ROWS:
            self._first_rows.extend(batch.rows[: MOST_ROWS - len(self._first_rows)])
        values: list[object] = [*(batch.moments(column) if self._is_time else batch.numbers(column))]
        if UNREADABLE in values:
            for at, value in enumerate(values):
                if value is UNREADABLE:
                    self._tally.add(batch.rows[at], line_of(batch, at), batch.columns[column][at])

    def results(self) -> Iterator[Finding | Unchecked]:
        if self._tally.count:
            told = f"{counted(self._tally.count, 'value')} not {self._word}"
            yield Finding(self.columns[0], self._tally, told, self._word, tuple(self._first_rows))


class NoSuchType(Check):
    """A type whose word is accepted and means nothing that could be checked."""

    def __init__(self, column: str, word: str) -> None:
        self._column, self._word = column, word

    def results(self) -> Iterator[Finding | Unchecked]:
        yield Unchecked(self._column, f"the type {self._word} is not checked; datetime and numeric are")


class Within(Check):
    """Numbers lie between two bounds, both included. A column that also holds other things is not looked at."""

    def __init__(self, column: str, least: float | None, most: float | None) -> None:
        self.columns = (column,)
        self._least, self._most = least, most
        self._below, self._above = self.tallies = RowTally(), RowTally()
        self._others = 0

    def see(self, batch: RowBatch) -> None:
        [column] = self.columns
        least, most = self._least, self._most
        for at, number in enumerate(batch.numbers(column)):
            if number is None:
                continue
            if isinstance(number, Unreadable):
                self._others += 1
            elif least is not None and number < least:
                self._below.add(batch.rows[at], line_of(batch, at), batch.columns[column][at])
            elif most is not None and number > most:
                self._above.add(batch.rows[at], line_of(batch, at), batch.columns[column][at])

    def results(self) -> Iterator[Finding | Unchecked]:
        [column] = self.columns
        if self._others:
            yield Unchecked(column, f"is no column of numbers: it holds {counted(self._others, 'other value')}")
            return
        if self._below.count:
            yield Finding(column, self._below, f"{counted(self._below.count, 'value')} below", f">= {self._least:g}")
        if self._above.count:
            yield Finding(column, self._above, f"{counted(self._above.count, 'value')} above", f"<= {self._most:g}")


class FilledIn(Check):
    """Not more than a share of a column's values is missing."""

    def __init__(self, column: str, threshold: float) -> None:
        self.columns = (column,)
        self._threshold = threshold
        self._rows = 0
        self._tally = RowTally()
        self.tallies = (self._tally,)

    def see(self, batch: RowBatch) -> None:
        cells = batch.columns[self.columns[0]]
        self._rows += len(batch.rows)
        if None in cells:
            for at, value in enumerate(cells):
                if value is None:
                    self._tally.add(batch.rows[at], line_of(batch, at), None)

    def results(self) -> Iterator[Finding | Unchecked]:
        missing = self._tally.count
        if missing and missing / self._rows > self._threshold:
            told = f"{missing / self._rows:.6g} missing"
            yield Finding(self.columns[0], self._tally, told, f"<= {self._threshold:g} missing")


class Looks(Check):
    """Texts have a form."""

    def __init__(self, column: str, word: str, fits: Callable[[str], bool]) -> None:
        self.columns = (column,)
        self._word, self._fits = word, fits
        self._tally = RowTally()
        self.tallies = (self._tally,)

    def see(self, batch: RowBatch) -> None:
        cells = batch.columns[self.columns[0]]
        for at, value in enumerate(cells):
            if value is not None and not self._fits(value):
                self._tally.add(batch.rows[at], line_of(batch, at), value)

    def results(self) -> Iterator[Finding | Unchecked]:
        if self._tally.count:
            yield Finding(self.columns[0], self._tally, f"{counted(self._tally.count, 'value')} not so", self._word)


class OnlyWhere(Check):
    """Another check, of some rows only."""

    def __init__(self, check: Check, column: str, values: frozenset[str]) -> None:
        self._check, self._column, self._values = check, column, values
        self.columns = (*check.columns, column)
        self.tallies = check.tallies

    def see(self, batch: RowBatch) -> None:
        self._check.see(batch.where(self._column, self._values))

    def results(self) -> Iterator[Finding | Unchecked]:
        return self._check.results()

    def close(self) -> None:
        self._check.close()
