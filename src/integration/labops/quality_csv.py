"""CSV files as tables for quality checks: read as an import reads them, with the line of every row."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import IO

from application.labops.imports.csv_rows import (
    PIECE_BYTES,
    CsvRows,
    UnreadableFileError,
    check_named_once,
    is_text,
    read_header,
)
from domain.labops.quality.batches import RowBatch
from domain.labops.quality.cells import NOTHING
from domain.labops.quality.problems import UnreadableDataError
from domain.labops.quality.report import RowTally, Severity, Violation
from domain.labops.words import counted

ROWS_AT_ONCE = 4000
MOST_COLUMNS = 1000
LARGEST_UNPACKED = 8 * 1024 * 1024 * 1024


class CsvTable:
    """One CSV file, plain or packed with gzip. The header is read at once, the rows as they are asked for.

    Args:
        content: at its beginning.
        zone: of times without an offset.
        is_import: names of columns are taken as an import takes them; what separates them always is.
        largest: characters that a packed file may hold.

    Attributes:
        unread_rows: rows that could not be told into cells, so far; they are counted and in no batch.

    Raises:
        UnreadableDataError: there is no header, or it names a column twice; in the words of an import.
    """

    def __init__(
        self, content: IO[bytes], zone: tzinfo, *, is_import: bool = False, largest: int = LARGEST_UNPACKED
    ) -> None:
        self._zone = zone
        self._rows = iter(CsvRows(lambda: content.read(PIECE_BYTES), largest))
        self._too_long, self._unread, self._no_text = RowTally(), RowTally(), RowTally()
        try:
            line, header = read_header(self._rows)
            self.columns = _names(header, is_import=is_import)
            check_named_once(line, self.columns)
        except UnreadableFileError as error:
            raise UnreadableDataError(str(error)) from None

    @property
    def unread_rows(self) -> int:
        return self._unread.count

    def batches(self) -> Iterator[RowBatch]:
        """Yield all rows, some thousand at a time. Blank lines are none; missing cells at the end hold nothing.

        Raises:
            UnreadableDataError: the file cannot be read on; the message says why, with the line where there is one.
        """
        width = len(self.columns)
        rows: list[list[str]] = []
        numbers: list[int] = []
        lines: list[int] = []
        try:
            for number, (line, cells) in enumerate(self._rows):
                if isinstance(cells, str):
                    self._unread.add(number, line, cells)
                    continue
                if len(cells) != width:
                    if len(cells) > width:
                        self._too_long.add(number, line, counted(len(cells), "value"))
                        del cells[width:]
                    else:
                        cells += [""] * (width - len(cells))
                rows.append(cells)
                numbers.append(number)
                lines.append(line)
                if len(rows) == ROWS_AT_ONCE:
                    yield self._batch(numbers, rows, lines)
                    rows, numbers, lines = [], [], []
        except UnreadableFileError as error:
            raise UnreadableDataError(str(error)) from None
        if rows:
            yield self._batch(numbers, rows, lines)

    def violations(self) -> list[Violation]:
        """Return what reading the rows has brought, after all were read."""
        told = (
            ("row_syntax", "Every row can be read", self._unread, "cannot be read", "CSV"),
            ("row_encoding", "Every row is text in UTF-8", self._no_text, "with other bytes", "UTF-8"),
            (
                "row_shape",
                "No row has more values than the header has names",
                self._too_long,
                "with more values",
                counted(len(self.columns), "value"),
            ),
        )
        return [
            Violation(
                rule_name=name,
                description=description,
                severity=Severity.ERROR,
                row_indices=tuple(tally.rows),
                affected_rows=tally.count,
                column="schema",
                value=f"{counted(tally.count, 'row')} {wrong}",
                expected=expected,
                examples=tuple(tally.examples),
            )
            for name, description, tally, wrong, expected in told
            if tally.count
        ]

    def _batch(self, numbers: list[int], rows: list[list[str]], lines: list[int]) -> RowBatch:
        try:
            "".join(map("".join, rows)).encode()
        except UnicodeEncodeError:
            self._tell_bytes(numbers, rows, lines)
        nothing = NOTHING
        columns = {
            name: [None if (text := cell.strip()) in nothing else text for cell in cells]
            for name, cells in zip(self.columns, zip(*rows, strict=True), strict=True)
        }
        return RowBatch(numbers, lines, columns, self._zone)

    def _tell_bytes(self, numbers: list[int], rows: list[list[str]], lines: list[int]) -> None:
        """Count the rows with bytes that are no UTF-8, and spell these out: they stay different, and can be told."""
        for number, cells, line in zip(numbers, rows, lines, strict=True):
            wrong = [at for at, cell in enumerate(cells) if not is_text(cell)]
            for at in wrong:
                cells[at] = cells[at].encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            if wrong:
                self._no_text.add(number, line, cells[wrong[0]])


def _names(header: list[str], *, is_import: bool) -> tuple[str, ...]:
    if len(header) > MOST_COLUMNS:
        raise UnreadableDataError(f"the header names {len(header)} columns; at most {MOST_COLUMNS} can be checked")
    names = [name or f"Unnamed: {number}" for number, name in enumerate(header)]
    return tuple("_".join(name.lower().split()) if is_import else name for name in names)
