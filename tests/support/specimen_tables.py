"""A specimen table over DuckDB in memory, filled from rows; for tests that need no log."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow

from application.labops.specimen_table import ExportFormat, Row, SpecimenTable, TableSnapshot, TableStatus

COLUMNS = (
    "specimen_id",
    "assay",
    "machine_id",
    "operator_id",
    "status",
    "error_code",
    "received_at",
    "started_at",
    "processed_at",
    "version",
)
_TEXT, _TIME = pyarrow.string(), pyarrow.timestamp("us")
_TYPES = (*[_TEXT] * 6, *[_TIME] * 3, pyarrow.int32())
SCHEMA = pyarrow.schema(list(zip(COLUMNS, _TYPES, strict=True)))
NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)


def specimen(
    specimen_id: str,
    *,
    assay: str = "CBC",
    machine_id: str = "M1",
    operator_id: str = "O1",
    status: str = "COMPLETED",
    error_code: str | None = None,
    received_at: datetime = NOON,
    started_at: datetime | None = None,
    processed_at: datetime | None = None,
    minutes: float | None = None,
    version: int = 1,
) -> Row:
    """Return one row; ``minutes`` gives the processed time as a turn-around."""
    if minutes is not None:
        processed_at = received_at + timedelta(minutes=minutes)
    return (
        specimen_id,
        assay,
        machine_id,
        operator_id,
        status,
        error_code,
        received_at,
        started_at,
        processed_at,
        version,
    )


def _naive(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def arrow_of(rows: Iterable[Row]) -> pyarrow.Table:
    """Return rows as an Arrow table with the port's columns and types."""
    columns = list(zip(*rows, strict=True)) or [()] * len(COLUMNS)
    arrays = [
        pyarrow.array([_naive(value) for value in column], kind) for column, kind in zip(columns, _TYPES, strict=True)
    ]
    return pyarrow.Table.from_arrays(arrays, schema=SCHEMA)


class InMemorySnapshot(TableSnapshot):
    """One state of the table."""

    def __init__(
        self,
        database: duckdb.DuckDBPyConnection,
        position: int,
        changed_at: datetime | None,
        count: Callable[[], None],
    ) -> None:
        self._database = database
        self._count = count
        self.position = position
        self.stamp = f"memory-{position}"
        self.changed_at = changed_at

    async def fetch_async(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        self._count()
        return await asyncio.to_thread(self._fetch, sql, parameters)

    def _fetch(self, sql: str, parameters: Mapping[str, Any] | None) -> list[Row]:
        cursor = self._database.cursor()
        try:
            return cursor.execute(sql, _bound(parameters)).fetchall()
        finally:
            cursor.close()

    async def export_async(
        self, sql: str, parameters: Mapping[str, Any] | None, path: Path, file_format: ExportFormat
    ) -> None:
        kind = "FORMAT csv, HEADER" if file_format == "csv" else "FORMAT parquet"
        await asyncio.to_thread(self._fetch, f"COPY ({sql}) TO '{path}' ({kind})", parameters)

    def close(self) -> None:
        pass


def _bound(parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: _naive(value) for name, value in (parameters or {}).items()}


class InMemorySpecimenTable(SpecimenTable):
    """The port over rows that the test gives. ``asked`` counts the questions to the engine."""

    def __init__(self, rows: Iterable[Row] = (), *, parquet: Path | None = None) -> None:
        self._rows = list(rows)
        self._position = 0
        self._others = 0
        self._changed = asyncio.Condition()
        self._taken: InMemorySnapshot | None = None
        self.asked = 0
        self._parquet = parquet

    def _count(self) -> None:
        self.asked += 1

    async def put_async(self, *rows: Row) -> None:
        """Add rows, each in place of the one with its id, as one commit of the log."""
        by_id = {row[0]: row for row in self._rows}
        by_id.update({row[0]: row for row in rows})
        self._rows = list(by_id.values())
        async with self._changed:
            self._position += 1
            self._taken = None
            self._changed.notify_all()

    @property
    def stamp(self) -> str:
        return f"memory-{self._position}"

    def snapshot(self) -> InMemorySnapshot:
        if self._taken is None:
            database = duckdb.connect(":memory:", config={"threads": 2})
            if self._parquet is not None:
                database.execute(f"CREATE VIEW specimens AS SELECT * FROM read_parquet('{self._parquet}')")
            else:
                database.register("given", arrow_of(self._rows))
                database.execute("CREATE TABLE specimens AS SELECT * FROM given")
            self._taken = InMemorySnapshot(database, self._position, NOON if self._rows else None, self._count)
        return self._taken

    def status(self) -> TableStatus:
        position = self._position + self._others
        return TableStatus(position, position, len(self._rows), 0, len(self._rows), False)

    def move_log(self) -> None:
        """See a commit that is about something else than specimens."""
        self._others += 1

    async def wait_for_async(self, position: int, timeout_seconds: float) -> bool:
        return await self._wait_async(lambda: self._position >= position, timeout_seconds)

    async def _wait_async(self, true: Any, timeout_seconds: float) -> bool:
        try:
            async with self._changed, asyncio.timeout(timeout_seconds):
                await self._changed.wait_for(true)
        except TimeoutError:
            return False
        return True

    async def rebuild_async(self) -> TableStatus:
        return self.status()
