"""Rows of a file as readings, in batches; each bad row with line, column and reason."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from itertools import islice

from application.labops.imports.csv_rows import CsvRows, UnreadableFileError, check_named_once, is_text, read_header
from application.labops.imports.header import NEEDED, OPTIONAL, REQUIRED
from application.labops.imports.import_runs import RejectedRow
from domain.labops.errors import ContradictoryReadingError, InvalidSpecimenError
from domain.labops.moments import moment_of
from domain.labops.values import SpecimenReading, SpecimenStatus
from domain.labops.words import counted

LONGEST_SHOWN = 200
_STATUSES = {status.value: status for status in SpecimenStatus}
_TIMES = ("received_at", "processed_at", "started_at")
_SHORTEST_TIME = 16
_SAYS_NOTHING = frozenset({"", "none", "null", "nan", "nat"})


class MissingColumnsError(UnreadableFileError):
    """The header lacks columns that every row must have."""


@dataclass(slots=True)
class Batch:
    """Rows that are taken together.

    Attributes:
        rows: line and reading, in the order of the file.
        times: of each row ``received_at``, ``processed_at`` and ``started_at`` as the file has them.
        rejected: rows that break a rule by themselves.
        rows_read: of the whole file, up to the end of this batch.
        bytes_read: likewise.
    """

    rows: list[tuple[int, SpecimenReading]] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    times: list[tuple[str, ...]] = field(default_factory=list)
    rows_read: int = 0
    bytes_read: int = 0

    def quoting(self, row: RejectedRow) -> RejectedRow:
        """Return a row that was refused later with the time that is at fault as the file has it."""
        if row.column not in _TIMES:
            return row
        at = bisect_left(self.rows, row.line, key=lambda one: one[0])
        return quoting(row, self.times[at])


class SpecimenRows:
    """Reads a file; synchronous, to be run in a thread.

    Args:
        rows: of the file.
        zone: of times that say none.

    Attributes:
        ignored: columns of the header that mean nothing here.

    Raises:
        UnreadableFileError: there is no usable header.
    """

    def __init__(self, rows: CsvRows, zone: tzinfo) -> None:
        self._csv = rows
        self._rows: Iterator[tuple[int, list[str] | str]] = iter(rows)
        self._zone = zone
        self._is_utc = zone is UTC or str(zone) == "UTC"
        line, header = read_header(self._rows)
        names = [name.lower() for name in header]
        missing = [name for name in NEEDED if name not in names]
        if missing:
            raise MissingColumnsError(f"line {line}: the header lacks {', '.join(missing)}")
        known = (*REQUIRED, *OPTIONAL)
        check_named_once(line, [name for name in names if name in known])
        self.ignored: tuple[str, ...] = tuple(" ".join(name.split())[:50] for name in names if name not in known)[:100]
        self._width = len(names)
        self._columns = {name: names.index(name) for name in known if name in names}
        place = self._columns
        self._places = tuple(place[name] for name in NEEDED)
        self._started = place.get("started_at")
        self._time_places = tuple(place[name] for name in _TIMES if name in place)
        self._rows_read = 0
        self._damage: UnreadableFileError | None = None

    def skip(self, rows: int) -> None:
        """Pass over rows that were taken before."""
        self._rows_read += sum(1 for _ in islice(self._rows, rows))

    def take(self, count: int) -> Batch:
        """Return the next rows; an empty batch at the end of the file.

        Raises:
            UnreadableFileError: the file cannot be read any further; what was read up to there was in the batch before.
        """
        if self._damage is not None:
            raise self._damage
        batch = Batch()
        rows, rejected, times, parse = batch.rows, batch.rejected, batch.times, self._parse
        places = self._time_places
        read = 0
        try:
            for line, fields in islice(self._rows, count):
                read += 1
                if isinstance(fields, str):
                    rejected.append(RejectedRow(line, "", "", fields))
                elif len(fields) != self._width:
                    reason = f"has {counted(len(fields), 'column')}; the header has {self._width}"
                    rejected.append(RejectedRow(line, "", _shown(",".join(fields)), reason))
                else:
                    try:
                        rows.append((line, parse(fields)))
                        times.append(tuple([fields[at][:LONGEST_SHOWN] for at in places]))
                    except InvalidSpecimenError as error:
                        rejected.append(self._rejection(line, fields, error))
        except UnreadableFileError as error:
            if not read:
                raise
            self._damage = error
        self._rows_read += read
        batch.rows_read = self._rows_read
        batch.bytes_read = self._csv.bytes_read
        return batch

    def _parse(self, fields: Sequence[str]) -> SpecimenReading:
        at = self._places
        status = _STATUSES.get(fields[at[4]])
        if status is None:
            status = _STATUSES.get(fields[at[4]].strip().upper())
            if status is None:
                raise InvalidSpecimenError("status", f"must be one of {', '.join(_STATUSES)}")
        processed, code = fields[at[7]], fields[at[6]]
        started = fields[self._started] if self._started is not None else ""
        received_at = self._moment("received_at", fields[at[5]])
        started_at = None if _says_nothing(started) else self._moment("started_at", started, received_at)
        return SpecimenReading(
            specimen_id=fields[at[0]],
            assay=fields[at[1]],
            machine_id=fields[at[2]],
            operator_id=fields[at[3]],
            status=status,
            received_at=received_at,
            started_at=started_at,
            processed_at=(
                None if _says_nothing(processed) else self._moment("processed_at", processed, started_at or received_at)
            ),
            error_code=None if _says_nothing(code) else code,
        )

    def _moment(self, name: str, text: str, not_before: datetime | None = None) -> datetime:
        size = len(text)
        if (
            text[13:14] == ":" == text[16:17]
            and text[0] != "0"
            and ((size == 20 and text[19] == "Z") or (size == 19 and self._is_utc))
        ):
            # The form of nearly all files, read in a fifth of the time.
            try:
                return datetime.fromisoformat(text) if size == 20 else datetime.fromisoformat(text).replace(tzinfo=UTC)
            except ValueError:
                pass
        return moment_of(name, text, self._zone, not_before)

    def _rejection(self, line: int, fields: Sequence[str], error: InvalidSpecimenError) -> RejectedRow:
        value = fields[self._columns[error.field]] if error.field in self._columns else ""
        rule = error.rule
        if not is_text(value):
            rule = "must be text in UTF-8"
        return RejectedRow(line, error.field, _shown(value), rule)


def contradicting(line: int, error: ContradictoryReadingError) -> RejectedRow:
    """Return a row that cannot be true beside what is known."""
    return RejectedRow(line, error.contradicted, error.value, str(error))


def quoting(row: RejectedRow, times: Sequence[str]) -> RejectedRow:
    """Return a row with the time that is at fault as the file has it; ``times`` as in :class:`Batch`."""
    return replace(row, value=_shown(times[_TIMES.index(row.column)])) if row.column in _TIMES else row


def _says_nothing(text: str) -> bool:
    return not text or (len(text) < _SHORTEST_TIME and text.strip().lower() in _SAYS_NOTHING)


def _shown(text: str) -> str:
    return text[:LONGEST_SHOWN].encode("utf-8", "replace").decode()
