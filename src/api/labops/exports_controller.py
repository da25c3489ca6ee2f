"""``/exports``: tables for reporting tools."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import IO, Annotated, Any
from zoneinfo import ZoneInfo

from classy_fastapi import get
from fastapi import Path, Request, Response
from fastapi.responses import StreamingResponse
from neuroglia.mediation import Mediator

from api.kernel.authorization import Role, requires
from api.kernel.conditional import content_tag, not_modified
from api.kernel.controller import LabkeeperController, data_of
from api.kernel.described_headers import sends, understands
from api.kernel.head_requests import is_head
from api.kernel.problems import RefusedError
from api.kernel.read_your_writes import ReadYourWrites
from api.labops.metrics_controller import LAG, LOG, MODEL
from api.labops.metrics_parameters import FilterParameters
from application.kernel.refusals import missing
from application.labops.exports.export_specimens import ExportSpecimensQuery
from application.labops.exports.tables import ExportTable
from application.labops.specimen_table import ExportFormat, SpecimenTable
from settings import LabopsSettings

_PART_BYTES = 256 * 1024
_MEDIA_TYPES: dict[ExportFormat, str] = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file.",
        "content": {"text/csv": {"schema": {"type": "string"}}, "application/vnd.apache.parquet": _BINARY},
    }
}
FileName = Annotated[
    str,
    Path(
        max_length=64,
        description="`specimens`, `assay_types`, `machines` or `daily_metrics`, then `.csv` or `.parquet`.",
        examples=["specimens.csv"],
    ),
]


class ExportsController(LabkeeperController):
    """Gives tables to reporting tools, with the columns of the starter kit's model for Power BI."""

    route_prefix = "/exports"

    def __init__(
        self, mediator: Mediator, table: SpecimenTable, reading: ReadYourWrites, settings: LabopsSettings
    ) -> None:
        super().__init__(mediator)
        self._table = table
        self._reading = reading
        self._zone = ZoneInfo(settings.timezone)

    @requires(Role.USER)
    @understands("If-None-Match", "X-Position")
    @sends(200, "ETag", LAG)
    @get("/{file_name}", response_class=Response, responses=_FILE)
    async def get_export(self, request: Request, file_name: FileName, wanted: FilterParameters) -> Response:
        """Export a table, made of the specimens that were received between `from` and `to`.

        In CSV a cell that a spreadsheet would take for a formula begins with `'`. What no specimen says is empty:
        `patient_id`, `priority`, `category`, `priority_level`, `capacity_per_hour`, and the `status` of a machine. HEAD
        makes no file, and so does not say how long it is.
        """
        table, file_format = _asked_file(file_name)
        await self._reading.before_reading_async(request, LOG, MODEL)
        given = wanted.read(self._zone)
        query = ExportSpecimensQuery(table=table, file_format=file_format, wanted=given)
        asked = hashlib.blake2b(f"{self._table.stamp} {file_name} {given.key}".encode(), digest_size=12)
        headers = {"ETag": content_tag(asked.hexdigest()), LAG: str(self._table.status().lag)}
        unchanged = not_modified(request, headers["ETag"], headers)
        if unchanged is not None:
            return unchanged
        disposition = {"Content-Disposition": f'attachment; filename="{file_name}"'}
        if is_head(request.scope):
            self._table.snapshot().close()  # a table that cannot be read is 503 here as well
            return StreamingResponse(_nothing(), 200, headers | disposition, _MEDIA_TYPES[file_format])
        result = await self.mediator.execute_async(query)
        if result.status != 200:
            return self.process(result)
        file = data_of(result)
        headers |= disposition | {"Content-Length": str(file.size)}
        return StreamingResponse(_parts(file.content), 200, headers, _MEDIA_TYPES[file_format])


def _asked_file(name: str) -> tuple[ExportTable, ExportFormat]:
    for table in ExportTable:
        for file_format in _MEDIA_TYPES:
            if name == f"{table}.{file_format}":
                return table, file_format
    raise RefusedError(missing("export", name))


async def _nothing() -> AsyncIterator[bytes]:
    """Yield no content; a response that has none from the start would say that the file is empty."""
    parts: tuple[bytes, ...] = ()
    for part in parts:
        yield part


async def _parts(content: IO[bytes]) -> AsyncIterator[bytes]:
    with content:
        while part := await asyncio.to_thread(content.read, _PART_BYTES):
            yield part
