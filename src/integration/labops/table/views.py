"""The table at one position, and what people hold of it."""

import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow

from application.labops.specimen_table import ExportFormat, Row, TableSnapshot
from integration.labops.table.engine import Connection, Engine, bound, file_list, quoted, select
from integration.labops.table.files import FileShelf
from integration.labops.table.rows import COLUMNS, PAIR_COLUMNS, PAIR_SCHEMA, ROW_SCHEMA, batch_of

IDLE_CURSORS = 3


def without(rows: str, pairs: str) -> str:
    """Return a SELECT of rows whose specimen and version are not among pairs."""
    return select(COLUMNS, f"{rows} AS said ANTI JOIN {pairs} AS gone USING ({PAIR_COLUMNS})")


@dataclass(frozen=True, slots=True)
class Contents:
    """What the table consists of at one position. Nothing in it changes.

    Attributes:
        files, pair_files: rows on disk; and which of them are no longer true.
        batches, fresh: rows in memory, the latter not in Arrow form yet.
        pair_batches, fresh_pairs: the same for what is no longer true.
    """

    files: tuple[Path, ...]
    pair_files: tuple[Path, ...]
    batches: tuple[pyarrow.RecordBatch, ...]
    fresh: Sequence[Row]
    pair_batches: tuple[pyarrow.RecordBatch, ...]
    fresh_pairs: Sequence[tuple[str, int]]

    def rows_in_memory(self) -> pyarrow.Table:
        """Return all rows in memory."""
        last = (batch_of(self.fresh, ROW_SCHEMA),) if self.fresh else ()
        return pyarrow.Table.from_batches([*self.batches, *last], ROW_SCHEMA)

    def pairs_in_memory(self) -> pyarrow.Table:
        """Return all pairs in memory."""
        last = (batch_of(self.fresh_pairs, PAIR_SCHEMA),) if self.fresh_pairs else ()
        return pyarrow.Table.from_batches([*self.pair_batches, *last], PAIR_SCHEMA)

    def prepare(self, cursor: Connection, rows: pyarrow.Table, pairs: pyarrow.Table) -> None:
        """Let a cursor know the relation ``specimens``."""
        parts, gone = [], []
        if self.files:
            parts.append(select(COLUMNS, f"read_parquet({file_list([*self.files])})"))
        if rows.num_rows or not parts:
            cursor.register("rows_in_memory", rows)
            parts.append(select(COLUMNS, "rows_in_memory"))
        if self.pair_files:
            gone.append(select(PAIR_COLUMNS, f"read_parquet({file_list([*self.pair_files])})"))
        if pairs.num_rows:
            cursor.register("pairs_in_memory", pairs)
            gone.append(select(PAIR_COLUMNS, "pairs_in_memory"))
        relation = " UNION ALL ".join(parts)
        if gone:
            relation = without(f"({relation})", f"({' UNION ALL '.join(gone)})")
        cursor.execute(f"CREATE OR REPLACE TEMP VIEW specimens AS {relation}")


class TableView:
    """One state of the table, shared by all who hold it. Its files stay until the last one lets go."""

    def __init__(
        self,
        contents: Contents,
        position: int,
        stamp: str,
        changed_at: datetime | None,
        engine: Engine,
        shelf: FileShelf,
    ) -> None:
        self.position = position
        self.stamp = stamp
        self.changed_at = changed_at
        self.engine = engine
        self._contents = contents
        self._shelf = shelf
        self._rows: pyarrow.Table | None = None
        self._pairs: pyarrow.Table | None = None
        self._idle: deque[Connection] = deque()
        self._holders = 0

    def hold(self) -> None:
        """Count one more holder."""
        if not self._holders:
            self._shelf.hold(self._contents.files + self._contents.pair_files)
        self._holders += 1

    def release(self) -> None:
        """Count one holder less; the last one lets the files go."""
        self._holders -= 1
        if not self._holders:
            self._shelf.release(self._contents.files + self._contents.pair_files)
            self._idle.clear()
            self._rows = self._pairs = None

    def cursor(self) -> Connection:
        """Return a cursor that knows this state; to be called in a thread of the engine."""
        try:
            return self._idle.pop()
        except IndexError:
            cursor = self.engine.open_cursor()
            self.prepare(cursor)
            return cursor

    def give_back(self, cursor: Connection) -> None:
        """Keep a cursor for the next question."""
        if self._holders and len(self._idle) < IDLE_CURSORS:
            self._idle.append(cursor)

    def prepare(self, cursor: Connection) -> None:
        """Let any cursor know this state."""
        rows, pairs = self._rows, self._pairs
        if rows is None or pairs is None:
            rows, pairs = self._contents.rows_in_memory(), self._contents.pairs_in_memory()
            self._rows, self._pairs = rows, pairs
        self._contents.prepare(cursor, rows, pairs)


class HeldSnapshot(TableSnapshot):
    """One holder's hold on a view."""

    def __init__(self, view: TableView) -> None:
        view.hold()
        self._view = view
        self._let_go = weakref.finalize(self, view.release)
        self.position = view.position
        self.stamp = view.stamp
        self.changed_at = view.changed_at

    async def fetch_async(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        view = self._view
        return await view.engine.ask_async(view.cursor, view.give_back, sql, parameters)

    async def export_async(
        self, sql: str, parameters: Mapping[str, Any] | None, path: Path, file_format: ExportFormat
    ) -> None:
        self._view.engine.check_question(sql)
        options = "FORMAT csv, HEADER" if file_format == "csv" else "FORMAT parquet, COMPRESSION zstd"
        view = self._view

        def export(cursor: Connection) -> None:
            view.prepare(cursor)
            cursor.execute(f"COPY ({sql.rstrip().rstrip(';')}) TO {quoted(str(path))} ({options})", bound(parameters))

        await view.engine.work_async(export)

    def close(self) -> None:
        self._let_go()
