"""Imports of specimens over HTTP."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated

from classy_fastapi import delete, get, post
from fastapi import Header, Path, Request, Response
from fastapi.responses import StreamingResponse
from neuroglia.core import OperationResult
from neuroglia.mediation import Mediator

from api.kernel.authorization import Role, requires
from api.kernel.body_limits import takes_uploads
from api.kernel.controller import LabkeeperController, data_of
from api.kernel.described_headers import sends
from api.kernel.paging import DEFAULT_LIMIT, CursorParameter, Limit
from api.kernel.server_sent_events import EventStreamResponse, ServerSentEvent
from api.kernel.shutdown import Shutdown
from api.kernel.uploads import UploadedFile, reads_body_itself
from api.labops.imports_schemas import ImportAnswer, ImportsPage
from application.labops.imports.cancel_import import CancelImportCommand
from application.labops.imports.follow_import import FollowImportQuery
from application.labops.imports.get_import import GetImportQuery
from application.labops.imports.get_import_report import GetImportReportQuery
from application.labops.imports.import_runs import ImportRun
from application.labops.imports.list_imports import ListImportsQuery
from application.labops.imports.start_import import StartImportCommand

LARGEST_UPLOAD_BYTES = (1 << 40) + (1 << 16)
"""More than the setting may be, and what a form adds; how much a file may have is for the use case to say."""
LONGEST_UPLOAD_SECONDS = 6 * 3600.0

ImportId = Annotated[str, Path(description="Id of an import.")]
_FORM = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary", "description": "CSV, or gzip of it."}},
            }
        }
    },
}


class ImportsController(LabkeeperController):
    """Takes files of specimens; each import goes on by itself and tells how far it is."""

    tag = "Imports"

    def __init__(self, mediator: Mediator, shutdown: Shutdown) -> None:
        super().__init__(mediator)
        self._shutdown = shutdown

    @requires(Role.MANAGER)
    @reads_body_itself
    @takes_uploads(LARGEST_UPLOAD_BYTES, LONGEST_UPLOAD_SECONDS)
    @sends(202, "Location")
    @post("/specimens/import", status_code=202, response_model=ImportAnswer, openapi_extra={"requestBody": _FORM})
    async def import_specimens(self, request: Request) -> Response:
        """Send a CSV file, packed with gzip or not. The answer is the import, which goes on."""
        upload = UploadedFile(request, "file")
        command = StartImportCommand(content=upload.pieces(), file_name=lambda: upload.name)
        result = await self.mediator.execute_async(command)
        return self._import(result, lambda run: {"Location": f"/api/v1/imports/{run.import_id}"})

    @requires(Role.USER)
    @get("/imports", response_model=ImportsPage)
    async def list_imports(self, limit: Limit = DEFAULT_LIMIT, cursor: CursorParameter = None) -> Response:
        """List imports, newest first."""
        result = await self.mediator.execute_async(ListImportsQuery(limit=limit, cursor=cursor))
        if not result.is_success:
            return self.process(result)
        page = data_of(result)
        items = [ImportAnswer.model_validate(run) for run in page.items]
        return self.answer(200, ImportsPage(items=items, next_cursor=page.next_cursor))

    @requires(Role.USER)
    @get("/imports/{import_id}", response_model=ImportAnswer)
    async def get_import(self, import_id: ImportId) -> Response:
        """Look at an import."""
        return self._import(await self.mediator.execute_async(GetImportQuery(import_id=import_id)))

    @requires(Role.MANAGER)
    @delete(
        "/imports/{import_id}",
        status_code=202,
        response_model=ImportAnswer,
        responses={200: {"model": ImportAnswer, "description": "It is cancelled already."}},
    )
    async def cancel_import(self, import_id: ImportId) -> Response:
        """End an import after the rows at hand. What was taken by then stays taken. 409 when it has ended otherwise."""
        return self._import(await self.mediator.execute_async(CancelImportCommand(import_id=import_id)))

    @requires(Role.USER)
    @get(
        "/imports/{import_id}/events",
        response_class=Response,
        responses={200: {"content": {"text/event-stream": {}}, "description": "Events named `progress`"}},
    )
    async def follow_import(
        self,
        import_id: ImportId,
        last_event_id: Annotated[str | None, Header(max_length=200, description="Where to go on.")] = None,
    ) -> Response:
        """Follow an import as server-sent events, until it has ended."""
        result = await self.mediator.execute_async(FollowImportQuery(import_id=import_id))
        if not result.is_success:
            return self.process(result)
        return EventStreamResponse(_progress(data_of(result), last_event_id), self._shutdown)

    @requires(Role.USER)
    @get(
        "/imports/{import_id}/report.csv",
        response_class=Response,
        responses={200: {"content": {"text/csv": {}}, "description": "Columns `line,column,value,reason`"}},
    )
    async def get_import_report(self, import_id: ImportId) -> Response:
        """Get the rows that were not taken, each with the physical line on which it begins."""
        result = await self.mediator.execute_async(GetImportReportQuery(import_id=import_id))
        if not result.is_success:
            return self.process(result)
        headers = {"Content-Disposition": f'attachment; filename="import-{import_id}.csv"'}
        return StreamingResponse(data_of(result), headers=headers, media_type="text/csv; charset=utf-8")

    def _import(
        self, result: OperationResult[ImportRun], headers: Callable[[ImportRun], dict[str, str]] | None = None
    ) -> Response:
        if not result.is_success:
            return self.process(result)
        run = data_of(result)
        return self.answer(result.status, ImportAnswer.model_validate(run), headers(run) if headers else None)


async def _progress(runs: AsyncIterator[ImportRun], seen: str | None) -> AsyncIterator[ServerSentEvent]:
    async for run in runs:
        event_id = f"{run.state.value}.{run.rows_read}.{int(run.cancelling)}"
        if event_id != seen or run.state.ended:
            yield ServerSentEvent(ImportAnswer.model_validate(run).model_dump_json(), event_id, "progress")
