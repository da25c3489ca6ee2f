"""CSV files as tables for quality checks: streamed, bounded in every direction, with the line of every row."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from datetime import tzinfo
from itertools import chain
from typing import IO, cast

from application.labops.imports.header import delimiter_of, first_lines
from domain.labops.quality.batches import RowBatch
from domain.labops.quality.cells import NOTHING
from domain.labops.quality.problems import UnreadableDataError
from domain.labops.quality.report import RowTally, Severity, Violation

ROWS_AT_ONCE = 4000
LONGEST_LINE_BYTES = 1024 * 1024
LONGEST_ROW_BYTES = 4 * 1024 * 1024
LONGEST_CELL = 128 * 1024
MOST_COLUMNS = 1000
LARGEST_UNPACKED_BYTES = 8 * 1024 * 1024 * 1024
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


class CsvTable:
    """One CSV file, plain or packed with gzip. The header is read at once, the rows as they are asked for.

    Args:
        content: at its beginning.
        zone: of times without an offset.
        is_import: names of columns are taken as an import takes them; what separates them always is.
        largest: bytes that a packed file may have when it is unpacked.

    Raises:
        UnreadableDataError: there is no header, or it names a column twice.
    """

    def __init__(
        self, content: IO[bytes], zone: tzinfo, *, is_import: bool = False, largest: int = LARGEST_UNPACKED_BYTES
    ) -> None:
        self._lines = _Lines(content, largest)
        self._zone = zone
        head = self._head()
        self._rows = csv.reader(chain(head, self._lines), delimiter=delimiter_of(head))
        self._too_long = RowTally()
        self._line = 0
        header = next((cells for cells in self._read() if cells), None)
        if header is None:
            raise UnreadableDataError("the file has no header: its first line must name the columns")
        self.columns = _names(header, is_import=is_import)

    def batches(self) -> Iterator[RowBatch]:
        """Yield all rows, some thousand at a time. Blank lines are none; missing cells at the end hold nothing.

        Raises:
            UnreadableDataError: the file cannot be read on; the message names the line.
        """
        width, number = len(self.columns), 0
        rows: list[list[str]] = []
        lines: list[int] = []
        for cells in self._read():
            if not cells:
                continue
            if len(cells) != width:
                if len(cells) > width:
                    self._too_long.add(number + len(rows), self._line, f"{len(cells)} values")
                    del cells[width:]
                else:
                    cells += [""] * (width - len(cells))
            rows.append(cells)
            lines.append(self._line)
            if len(rows) == ROWS_AT_ONCE:
                yield self._batch(number, rows, lines)
                number += len(rows)
                rows, lines = [], []
        if rows:
            yield self._batch(number, rows, lines)

    def violations(self) -> list[Violation]:
        """Return what reading the rows has brought, after all were read."""
        if not self._too_long.count:
            return []
        return [
            Violation(
                rule_name="row_shape",
                description="No row has more values than the header has names",
                severity=Severity.ERROR,
                row_indices=tuple(self._too_long.rows),
                affected_rows=self._too_long.count,
                column="schema",
                value=f"{self._too_long.count} rows have more values",
                expected=f"{len(self.columns)} values",
                examples=tuple(self._too_long.examples),
            )
        ]

    def _batch(self, number: int, rows: list[list[str]], lines: list[int]) -> RowBatch:
        nothing = NOTHING
        columns = {
            name: [None if (text := cell.strip()) in nothing else text for cell in cells]
            for name, cells in zip(self.columns, zip(*rows, strict=True), strict=True)
        }
        return RowBatch(range(number, number + len(rows)), lines, columns, self._zone)

    def _head(self) -> list[str]:
        try:
            return first_lines(self._lines)
        except (EOFError, OSError, zlib.error) as error:
            raise UnreadableDataError(f"the packed file is damaged: {error}") from None

    def _read(self) -> Iterator[list[str]]:
        while True:
            self._line = self._rows.line_num + 1
            self._lines.begin_row()
            try:
                cells = next(self._rows)
            except StopIteration:
                return
            except csv.Error as error:
                raise UnreadableDataError(f"line {self._line}: {error}") from None
            except (EOFError, OSError, zlib.error) as error:
                raise UnreadableDataError(f"the packed file is damaged: {error}") from None
            # The limit that the csv module has is everybody's, and anybody may move it.
            if self._lines.in_row > LONGEST_CELL and max(map(len, cells), default=0) > LONGEST_CELL:
                told = f"line {self._line}: a value has more than {LONGEST_CELL} characters: is a quote missing?"
                raise UnreadableDataError(told)
            yield cells


class _Lines:
    """Decoded lines of a file, none of them endless."""

    def __init__(self, content: IO[bytes], largest: int) -> None:
        begin = content.read(2)
        content.seek(0)
        packed = begin == _GZIP
        # GzipFile reads as a buffered reader does; its annotation says less.
        self._content = (
            cast(IO[bytes], io.BufferedReader(gzip.GzipFile(fileobj=content, mode="rb"))) if packed else content
        )
        self._largest = largest
        self._total = 0
        self.in_row = 0
        self._number = 0

    def begin_row(self) -> None:
        self.in_row = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._content.readline(LONGEST_LINE_BYTES + 1)
        if not line:
            raise StopIteration
        self._number += 1
        self.in_row += len(line)
        self._total += len(line)
        if len(line) > LONGEST_LINE_BYTES:
            raise UnreadableDataError(f"line {self._number} has more than {LONGEST_LINE_BYTES} bytes")
        if self.in_row > LONGEST_ROW_BYTES:
            told = f"the row that line {self._number} belongs to has more than {LONGEST_ROW_BYTES} bytes"
            raise UnreadableDataError(f"{told}: is a quote missing?")
        if self._total > self._largest:
            raise UnreadableDataError(f"the file has more than {self._largest} bytes when it is unpacked")
        if self._number == 1 and line.startswith(_BOM):
            line = line[len(_BOM) :]
        try:
            return line.decode()
        except UnicodeDecodeError:
            raise UnreadableDataError(f"line {self._number} is no text in UTF-8") from None


def _names(header: list[str], *, is_import: bool) -> tuple[str, ...]:
    if len(header) > MOST_COLUMNS:
        raise UnreadableDataError(f"the header names {len(header)} columns; at most {MOST_COLUMNS} can be checked")
    names: list[str] = []
    for number, cell in enumerate(header):
        name = cell.strip() or f"Unnamed: {number}"
        names.append("_".join(name.lower().split()) if is_import else name)
    twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
    if twice is not None:
        raise UnreadableDataError(f"the header names the column {twice[:100]} twice")
    return tuple(names)
