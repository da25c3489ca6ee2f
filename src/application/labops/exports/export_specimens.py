"""Export a table for a reporting tool."""

import asyncio
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.labops.exports.tables import INPUTS, ExportTable, export_sql
from application.labops.metric_filter import MetricFilter
from application.labops.metrics.lab_calendar import LabCalendar
from application.labops.metrics.metric import Specimens
from application.labops.specimen_table import ExportFormat, SpecimenTable, TableSnapshot


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A finished file, open for reading. It has no name any more: it is gone when it is closed.

    Attributes:
        size: in bytes.
    """

    content: IO[bytes]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSpecimensQuery(Query[OperationResult[ExportedFile]]):
    """Export a table, made of the wanted specimens; their received time is held against ``from`` and ``to``."""

    table: ExportTable
    file_format: ExportFormat
    wanted: MetricFilter


class ExportSpecimensQueryHandler(QueryHandler[ExportSpecimensQuery, OperationResult[ExportedFile]]):
    def __init__(self, table: SpecimenTable, calendar: LabCalendar) -> None:
        self._table = table
        self._calendar = calendar

    async def handle_async(self, request: ExportSpecimensQuery) -> OperationResult[ExportedFile]:
        with self._table.snapshot() as snapshot, tempfile.TemporaryDirectory(prefix="labkeeper-export-") as folder:
            path = Path(folder) / f"{request.table}.{request.file_format}"
            specimens = Specimens(snapshot, INPUTS, "received_at", request.wanted)
            select, dated = export_sql(request.table, request.file_format, await self._offset_async(specimens))
            also = dated if request.table is ExportTable.DAILY_METRICS else ""
            sql, values = specimens.question(select, also=also)
            await _write_async(snapshot, sql, values, path, request.file_format)
            content = await asyncio.to_thread(path.open, "rb")
        return self.ok(ExportedFile(content, os.fstat(content.fileno()).st_size))

    async def _offset_async(self, specimens: Specimens) -> str:
        ends = "SELECT epoch_us(min(received_at)), epoch_us(max(received_at)) FROM specimens"
        first, last = (await specimens.select_async(ends))[0]
        return "0" if first is None else self._calendar.offsets(first, last).sql("us")


async def _write_async(
    snapshot: TableSnapshot, sql: str, values: dict[str, object], path: Path, file_format: ExportFormat
) -> None:
    writing = asyncio.ensure_future(snapshot.export_async(sql, values, path, file_format))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        # The folder must not go while the engine writes into it.
        await asyncio.wait([writing])
        raise
