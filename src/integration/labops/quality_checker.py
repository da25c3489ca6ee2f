"""Quality checks in worker threads, a few at a time, over files on disk."""

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, time, tzinfo
from functools import partial
from pathlib import Path
from typing import IO, Protocol, TypeVar

import pyarrow.parquet

from application.kernel.event_feed import EventFeed
from application.labops.imports.imported_files import ImportedFiles
from application.labops.imports.tried_import import TriedImport, try_import
from application.labops.quality.ports import QualityChecker
from application.labops.specimen_table import SpecimenTable
from domain.kernel.clock import Clock
from domain.kernel.errors import UnavailableError
from domain.labops.quality.batches import RowBatch
from domain.labops.quality.evaluation import Evaluation
from domain.labops.quality.report import QualityReport, Violation
from domain.labops.quality.rule_types import Circumstances
from domain.labops.quality.rules import RuleSet
from integration.labops.quality_csv import ROWS_AT_ONCE, CsvTable
from integration.labops.quality_keys import SpillingKeys
from integration.labops.rows_by_specimen import SpillingRows

T = TypeVar("T")
AT_ONCE = 2
CATCH_UP_SECONDS = 60.0
LARGEST_UPLOAD_UNPACKED_BYTES = 1024 * 1024 * 1024
_SPECIMENS = """
SELECT specimen_id, assay, machine_id, operator_id, status, error_code,
    strftime(received_at, '%Y-%m-%dT%H:%M:%S.%f+00:00') AS received_at,
    strftime(started_at, '%Y-%m-%dT%H:%M:%S.%f+00:00') AS started_at,
    strftime(processed_at, '%Y-%m-%dT%H:%M:%S.%f+00:00') AS processed_at
FROM specimens ORDER BY specimen_id
"""
SPECIMEN_COLUMNS = (
    *("specimen_id", "assay", "machine_id", "operator_id", "status", "error_code"),
    *("received_at", "started_at", "processed_at"),
)


class _Table(Protocol):
    columns: tuple[str, ...]

    @property
    def unread_rows(self) -> int: ...

    def batches(self) -> Iterator[RowBatch]: ...

    def violations(self) -> list[Violation]: ...


class ThreadedQualityChecker(QualityChecker):
    """Checks in one pass each. Memory does not grow with the data; the disk does, for a while."""

    def __init__(self, table: SpecimenTable, files: ImportedFiles, log: EventFeed, clock: Clock, zone: tzinfo) -> None:
        self._table = table
        self._log = log
        self._files = files
        self._clock = clock
        self._zone = zone
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def check_csv_async(self, content: IO[bytes], rules: RuleSet) -> QualityReport:
        async with self._turn:
            largest = LARGEST_UPLOAD_UNPACKED_BYTES
            return await self._check_async(partial(CsvTable, content, self._zone, largest=largest), rules)

    async def try_import_async(self, content: IO[bytes]) -> TriedImport:
        def try_it(stopped: "_Stop") -> TriedImport:
            content.seek(0)
            rows = SpillingRows()
            try:
                return try_import(content, self._zone, LARGEST_UPLOAD_UNPACKED_BYTES, rows, lambda: stopped.is_asked)
            finally:
                rows.close()

        async with self._turn:
            return await self._in_thread_async(try_it)

    async def check_import_async(self, import_id: str, rules: RuleSet) -> QualityReport | None:
        async with self._turn:
            with tempfile.TemporaryFile() as content:
                async for piece in self._files.read_async(import_id):
                    await asyncio.to_thread(content.write, piece)
                if not content.tell():
                    return None
                content.seek(0)
                return await self._check_async(partial(CsvTable, content, self._zone, is_import=True), rules)

    async def check_specimens_async(self, rules: RuleSet) -> QualityReport:
        async with self._turn:
            # In half of the specimens there is half of what is wrong, and the next run would seem to be worse.
            if not await self._table.wait_for_async(await self._log.head_async(), CATCH_UP_SECONDS):
                raise UnavailableError("the table of specimens is behind the log; try again when it has caught up")
            with tempfile.TemporaryDirectory(prefix="labkeeper-quality-") as folder:
                path = Path(folder) / "specimens.parquet"
                with self._table.snapshot() as snapshot:
                    await snapshot.export_async(_SPECIMENS, None, path, "parquet")
                return await self._check_async(partial(_SpecimenRows, path, self._zone), rules)

    async def _check_async(self, open_table: Callable[[], _Table], rules: RuleSet) -> QualityReport:
        return await self._in_thread_async(partial(self._check, open_table, rules))

    async def _in_thread_async(self, work: Callable[["_Stop"], T]) -> T:
        stopped = _Stop()
        working = asyncio.create_task(asyncio.to_thread(work, stopped))
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            # The thread reads a file that its owner closes: wait until it has let go.
            stopped.is_asked = True
            await asyncio.wait([working])
            raise

    def _check(self, open_table: Callable[[], _Table], rules: RuleSet, stopped: "_Stop") -> QualityReport:
        now = self._clock.now()
        table = open_table()
        there = Circumstances(frozenset(table.columns), now, self._midnight(now), SpillingKeys)
        evaluation = Evaluation(rules, table.columns, there)
        try:
            for batch in table.batches():
                if stopped.is_asked:
                    break
                evaluation.see(batch)
            return evaluation.report(now, table.violations(), table.unread_rows)
        finally:
            evaluation.close()

    def _midnight(self, now: datetime) -> datetime:
        return datetime.combine(now.astimezone(self._zone).date(), time.min, self._zone)


class _Stop:
    is_asked = False


class _SpecimenRows:
    """The exported rows of the specimen table; times as text, as in a file."""

    columns: tuple[str, ...] = SPECIMEN_COLUMNS
    unread_rows = 0

    def __init__(self, path: Path, zone: tzinfo) -> None:
        self._path = path
        self._zone = zone

    def batches(self) -> Iterator[RowBatch]:
        number = 0
        with pyarrow.parquet.ParquetFile(self._path) as file:
            for piece in file.iter_batches(batch_size=ROWS_AT_ONCE):
                columns = {name: piece.column(name).to_pylist() for name in self.columns}
                yield RowBatch(range(number, number + piece.num_rows), None, columns, self._zone)
                number += piece.num_rows

    def violations(self) -> list[Violation]:
        return []
