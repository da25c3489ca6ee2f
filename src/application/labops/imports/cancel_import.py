"""End an import before its end."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import conflicting, missing
from application.labops.imports.import_runs import ImportRun, ImportRuns, ImportState


@dataclass(frozen=True, kw_only=True)
class CancelImportCommand(Command[OperationResult[ImportRun]]):
    """What was taken by then stays taken. Cancelling twice is no error."""

    import_id: str


class CancelImportCommandHandler(CommandHandler[CancelImportCommand, OperationResult[ImportRun]]):
    def __init__(self, runs: ImportRuns) -> None:
        self._runs = runs

    async def handle_async(self, request: CancelImportCommand) -> OperationResult[ImportRun]:
        run = await self._runs.cancel_async(request.import_id)
        if run is None:
            return missing("import", request.import_id)
        if run.state is ImportState.CANCELLED:
            return self.ok(run)
        if run.state.ended:
            return conflicting(f"import {run.import_id} is {run.state} already")
        return self.accepted(run)
