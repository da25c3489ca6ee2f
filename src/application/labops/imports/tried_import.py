"""What an import would say about a file, without importing it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from heapq import nsmallest
from typing import IO

from application.labops.imports.csv_rows import PIECE_BYTES, CsvRows, HoldsTooMuchError, UnreadableFileError
from application.labops.imports.import_runs import RejectedRow
from application.labops.imports.specimen_rows import SpecimenRows, contradicting, quoting
from domain.labops.errors import ContradictoryReadingError
from domain.labops.specimen import Specimen
from domain.labops.values import SpecimenReading

ROWS_AT_ONCE = 2000
MOST_SHOWN = 20
TriedRow = tuple[int, SpecimenReading, tuple[str, ...]]
"""Line, reading, and its times as the file has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedImport:
    """What an import would say, as far as the file alone tells: what is stored already is not looked at.

    Attributes:
        separator: of the columns; empty when the file cannot be read at all.
        error: why the import would end, None when it would not. Rows before the damage would be taken.
        rows: how many would be judged.
        rejected: how many of them would not be taken, were nothing stored yet.
        first_rejected: some of those.
        ignored_columns: names in the header that would mean nothing.
    """

    separator: str
    error: str | None
    rows: int
    rejected: int
    first_rejected: tuple[RejectedRow, ...]
    ignored_columns: tuple[str, ...]


class RowsBySpecimen(ABC):
    """Takes the rows of a file, however many, then gives those of few specimens at a time: a port."""

    @abstractmethod
    def add(self, row: TriedRow) -> None:
        """Take a row, in the order of the file."""

    @abstractmethod
    def repeated(self) -> Iterator[Iterator[TriedRow]]:
        """Yield the rows of specimens that have several, all of one specimen in one group; in a group as in the file.

        A group ends before the next begins.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of what it holds."""


def try_import(
    content: IO[bytes], zone: tzinfo, most_bytes: int, by_specimen: RowsBySpecimen, stopped: Callable[[], bool]
) -> TriedImport:
    """Read a file as an import does. Synchronous, to be run in a thread.

    Args:
        content: at its beginning.
        zone: of times that say none.
        most_bytes: how much of a packed file is tried.
        by_specimen: holds the rows meanwhile, empty; the caller closes it.
        stopped: asked now and then; once true, what was read so far is the answer.
    """
    separator, error, read, rejected = "", None, 0, 0
    ignored: tuple[str, ...] = ()
    shown: list[RejectedRow] = []
    try:
        file = CsvRows(lambda: content.read(PIECE_BYTES), most_bytes)
        try:
            rows = SpecimenRows(file, zone)
        finally:
            separator = file.delimiter
        ignored = rows.ignored
        while not stopped():
            batch = rows.take(ROWS_AT_ONCE)
            if batch.rows_read == read:
                break
            read = batch.rows_read
            rejected += len(batch.rejected)
            shown += batch.rejected[: MOST_SHOWN - len(shown)]
            for (line, reading), times in zip(batch.rows, batch.times, strict=True):
                by_specimen.add((line, reading, times))
    except HoldsTooMuchError:
        error = f"not known: only the first {most_bytes} characters of what the packed file holds were tried"
    except UnreadableFileError as refused:
        error = str(refused)
    for found in _contradictions(by_specimen, stopped):
        rejected += 1
        shown.append(found)
        if len(shown) > 2 * MOST_SHOWN:
            shown = _first(shown)
    return TriedImport(
        separator=separator,
        error=error,
        rows=read,
        rejected=rejected,
        first_rejected=tuple(_first(shown)),
        ignored_columns=ignored,
    )


def _contradictions(by_specimen: RowsBySpecimen, stopped: Callable[[], bool]) -> Iterator[RejectedRow]:
    for rows in by_specimen.repeated():
        known: dict[str, Specimen] = {}
        for line, reading, times in rows:
            if stopped():
                return
            specimen = known.get(reading.specimen_id)
            try:
                if specimen is None:
                    specimen = known[reading.specimen_id] = Specimen.receive(reading, reading.received_at)
                else:
                    specimen.take(reading, reading.received_at)
            except ContradictoryReadingError as error:
                yield quoting(contradicting(line, error), times)
            else:
                specimen.mark_committed()


def _first(rows: Sequence[RejectedRow]) -> list[RejectedRow]:
    return nsmallest(MOST_SHOWN, rows, key=lambda row: row.line)
