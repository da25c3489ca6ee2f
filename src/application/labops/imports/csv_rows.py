"""A CSV file as text rows: packed or not, however it is quoted, never more than a row in memory."""

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from application.labops.imports.header import delimiter_of, first_lines, names_delimiter
from domain.kernel.errors import DomainError

LONGEST_ROW = 1 << 20
LONGEST_FIELD = 1 << 17
GZIP_MAGIC = b"\x1f\x8b"
PIECE_BYTES = 1 << 18
IS_EMPTY = "is empty; the first row must name the columns"
_BOM = "\ufeff"
_MOST_TWICE = 5


class UnreadableFileError(DomainError):
    """A file cannot be read as a whole; the message says why."""


class HoldsTooMuchError(UnreadableFileError):
    """A packed file holds more than may be read."""


class _Pieces(io.RawIOBase):
    """Bytes that come in pieces, as a file."""

    def __init__(self, next_piece: Callable[[], bytes]) -> None:
        self._next_piece = next_piece
        self._rest = memoryview(b"")
        self.bytes_read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the buffer of a BufferedReader
        if not self._rest:
            self._rest = memoryview(self._next_piece())
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        self.bytes_read += count
        return count


class CsvRows:
    """The rows of a file, the header first.

    Args:
        next_piece: returns the next bytes of the file, none at its end. Called whenever more are needed.
        most_bytes: how much a packed file may hold.

    Attributes:
        delimiter: what separates the columns; empty until the header was read.
    """

    def __init__(self, next_piece: Callable[[], bytes], most_bytes: int) -> None:
        self._pieces = _Pieces(next_piece)
        raw = io.BufferedReader(self._pieces, 1 << 18)
        packed = raw.peek(2)[:2] == GZIP_MAGIC
        source: Any = gzip.GzipFile(fileobj=raw) if packed else raw
        # Bytes that are no UTF-8 become lone surrogates here, so that the row they stand in can be named.
        self._text = io.TextIOWrapper(source, "utf-8", "surrogateescape", newline="")
        self._text_left = self._most_characters = most_bytes
        self._row_length = 0
        self._reader = csv.reader((), strict=True)
        self.delimiter = ""

    @property
    def bytes_read(self) -> int:
        """How much of the file, as it was sent, has been read."""
        return self._pieces.bytes_read

    def _lines(self) -> Iterator[str]:
        readline = self._text.readline
        first = True
        while True:
            try:
                line = readline(LONGEST_ROW + 1)
            except (EOFError, gzip.BadGzipFile, zlib.error):
                raise UnreadableFileError("the gzip file is damaged or cut off") from None
            if not line:
                return
            if first:
                line, first = line.removeprefix(_BOM), False
            length = len(line)
            self._row_length += length
            self._text_left -= length
            if self._row_length > LONGEST_ROW:
                raise UnreadableFileError(
                    f"line {self._reader.line_num + 1}: a row has more than {LONGEST_ROW} characters; "
                    "is a quote not closed?"
                )
            if self._text_left < 0:
                raise HoldsTooMuchError(f"the packed file holds more than {self._most_characters} characters")
            yield line

    def __iter__(self) -> Iterator[tuple[int, list[str] | str]]:
        """Return the rows: the physical line on which each begins, and its fields, or why it has none.

        Empty lines are left out. The header says whether fields are separated by commas, semicolons or tabs, or a line
        ``sep=;`` before it, which is left out as well.

        Raises:
            UnreadableFileError: the file cannot be read any further.
        """
        lines = self._lines()
        head = first_lines(lines)
        named = names_delimiter(head)
        self.delimiter = named or delimiter_of(head)
        reader = self._reader = csv.reader(chain(head, lines), delimiter=self.delimiter, strict=True)
        line = 1
        while True:
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield line, f"cannot be read: {error}"
            else:
                # The limit that the csv module has is everybody's, and others in this process have moved it.
                if self._row_length > LONGEST_FIELD and max(map(len, fields), default=0) > LONGEST_FIELD:
                    yield line, f"cannot be read: a field has more than {LONGEST_FIELD} characters"
                elif fields and named:
                    named = ""
                elif fields:
                    yield line, fields
            line = reader.line_num + 1
            self._row_length = 0


def read_header(rows: Iterator[tuple[int, list[str] | str]]) -> tuple[int, list[str]]:
    """Take the header off: the line on which it begins, and the names of the columns without spaces around them.

    Raises:
        UnreadableFileError: there is none that could be one.
    """
    line, header = next(rows, (1, []))
    if isinstance(header, str):
        raise UnreadableFileError(f"line {line}: the header {header}")
    if not header:
        raise UnreadableFileError(f"the file {IS_EMPTY}")
    if not all(map(is_text, header)):
        raise UnreadableFileError(f"line {line}: the header is not text in UTF-8")
    if any("\x00" in name for name in header):
        raise UnreadableFileError(f"line {line}: the header holds NUL characters; the file must be text in UTF-8")
    return line, [name.strip() for name in header]


def check_named_once(line: int, names: Sequence[str]) -> None:
    """Refuse a header that names a column twice.

    Raises:
        UnreadableFileError: it does.
    """
    twice = sorted(name[:100] for name, count in Counter(names).items() if count > 1)
    if twice:
        raise UnreadableFileError(f"line {line}: the header names {', '.join(twice[:_MOST_TWICE])} twice")


def is_text(text: str) -> bool:
    """Tell whether a field is free of bytes that are no UTF-8."""
    return not any("\udc80" <= mark <= "\udcff" for mark in text)
