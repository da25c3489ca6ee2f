"""Rows of a file by specimen in bounded memory: beyond a number they go to files on disk, told apart by id."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import IO
from zlib import crc32

import orjson

from application.labops.imports.tried_import import RowsBySpecimen, TriedRow
from domain.labops.values import SpecimenReading, SpecimenStatus

ROWS_IN_MEMORY = 20_000
_PARTS = 64
_MARK = b"\t"  # no id holds one
_MOMENTS = ("received_at", "started_at", "processed_at")


class SpillingRows(RowsBySpecimen):
    """Rows by specimen.

    Args:
        most: rows that are held in memory; beyond that all are written to 64 files by id, and read one by one.
    """

    def __init__(self, most: int = ROWS_IN_MEMORY) -> None:
        self._most = most
        self._held: list[TriedRow] = []
        self._parts: list[IO[bytes]] = []

    def add(self, row: TriedRow) -> None:
        self._held.append(row)
        if len(self._held) >= self._most:
            self._spill()

    def repeated(self) -> Iterator[Iterator[TriedRow]]:
        if not self._parts:
            counts = Counter(reading.specimen_id for _, reading, _ in self._held)
            yield (row for row in self._held if counts[row[1].specimen_id] > 1)
            return
        self._spill()
        for part in self._parts:
            yield _repeated(part)

    def close(self) -> None:
        self._held.clear()
        for part in self._parts:
            part.close()
        self._parts.clear()

    def _spill(self) -> None:
        if not self._parts:
            self._parts = [tempfile.TemporaryFile() for _ in range(_PARTS)]  # noqa: SIM115  closed in close()
        for row in self._held:
            specimen_id = row[1].specimen_id.encode()
            self._parts[crc32(specimen_id) % _PARTS].write(_MARK.join((specimen_id, _written(row))))
        self._held.clear()


def _repeated(part: IO[bytes]) -> Iterator[TriedRow]:
    part.seek(0)
    counts = Counter(line.partition(_MARK)[0] for line in part)
    part.seek(0)
    for line in part:
        specimen_id, _, written = line.partition(_MARK)
        if counts[specimen_id] > 1:
            yield _read(written)


def _written(row: TriedRow) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def _read(written: bytes) -> TriedRow:
    line, given, times = orjson.loads(written)
    for name in _MOMENTS:
        given[name] = given[name] and datetime.fromisoformat(given[name])
    given["status"] = SpecimenStatus(given["status"])
    return line, SpecimenReading(**given), tuple(times)
