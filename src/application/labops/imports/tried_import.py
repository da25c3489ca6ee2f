"""What an import would say about a file, without importing it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import IO

from application.labops.imports.csv_rows import CsvRows, UnreadableFileError
from application.labops.imports.import_runs import RejectedRow
from application.labops.imports.specimen_rows import SpecimenRows

ROWS_AT_ONCE = 2000
PIECE_BYTES = 1 << 18
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedImport:
    """What an import would say, as far as the file alone tells: what is stored already is not looked at.

    Attributes:
        separator: of the columns; empty when the file cannot be read at all.
        error: why the import would end, None when it would not. Rows before the damage would be taken.
        rows: how many would be judged.
        rejected: how many of them would not be taken whatever is stored.
        first_rejected: some of those.
        ignored_columns: names in the header that would mean nothing.
    """

    separator: str
    error: str | None
    rows: int
    rejected: int
    first_rejected: tuple[RejectedRow, ...]
    ignored_columns: tuple[str, ...]


def try_import(content: IO[bytes], zone: tzinfo, most_bytes: int, stopped: Callable[[], bool]) -> TriedImport:
    """Read a file as an import does. Synchronous, to be run in a thread.

    Args:
        content: at its beginning.
        zone: of times that say none.
        most_bytes: how much a packed file may hold.
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
    except UnreadableFileError as refused:
        error = str(refused)
    return TriedImport(
        separator=separator,
        error=error,
        rows=read,
        rejected=rejected,
        first_rejected=tuple(shown),
        ignored_columns=ignored,
    )
