"""Take a file in and queue its import."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import Refusal, invalid
from application.kernel.request_context import current_request
from application.labops.imports.csv_rows import IS_EMPTY
from application.labops.imports.import_ids import ImportIds
from application.labops.imports.import_runs import ImportRun, ImportRuns, ImportState
from application.labops.imports.imported_files import FileTooLargeError, ImportedFiles
from domain.kernel.clock import Clock


@dataclass(frozen=True, kw_only=True)
class StartImportCommand(Command[OperationResult[ImportRun]]):
    """A file as it arrives. ``file_name`` is asked for once all of it is there."""

    content: AsyncIterator[bytes]
    file_name: Callable[[], str]


class StartImportCommandHandler(CommandHandler[StartImportCommand, OperationResult[ImportRun]]):
    """The file is kept for good before the import is; so an accepted one survives whatever happens to this process."""

    def __init__(self, files: ImportedFiles, runs: ImportRuns, ids: ImportIds, clock: Clock) -> None:
        self._files = files
        self._runs = runs
        self._ids = ids
        self._clock = clock

    async def handle_async(self, request: StartImportCommand) -> OperationResult[ImportRun]:
        import_id = self._ids.next()
        try:
            kept = await self._files.keep_async(import_id, request.content, self._files.largest)
        except FileTooLargeError as error:
            return Refusal(
                413, "body-too-large", "Body too large", f"the file {error}", max_body_bytes=self._files.largest
            )
        if not kept.size:
            return invalid("file", IS_EMPTY)
        who = current_request()
        run = ImportRun(
            import_id=import_id,
            state=ImportState.QUEUED,
            file_name=request.file_name(),
            size=kept.size,
            sha256=kept.sha256,
            actor=who.actor,
            correlation_id=who.correlation_id,
            uploaded_at=self._clock.now(),
        )
        await self._runs.add_async(run)
        return self.accepted(run)
