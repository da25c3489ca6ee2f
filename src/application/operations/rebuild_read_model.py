"""Rebuild a read model beside the one that serves."""

import math
from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Command, CommandHandler

from application.kernel.background import BackgroundWork
from application.kernel.jobs import JobRun, RunHistory, RunOutcome, RunPart, RunRecorder
from application.kernel.refusals import conflicting, missing
from application.kernel.request_context import current_request
from application.kernel.subscriptions import ReadModels
from domain.kernel.errors import LabkeeperError

TASK_ID = "read-model-rebuild"
COMMITS_PER_PART = 1_000
"""That is a guess, until the first part tells how many commits the model reads at once."""


@dataclass(frozen=True, kw_only=True)
class RebuildReadModelCommand(Command[OperationResult[JobRun]]):
    """Start to rebuild a read model and answer with the run; ``counts`` of the run tell how far it is."""

    name: str


class RebuildReadModelCommandHandler(CommandHandler[RebuildReadModelCommand, OperationResult[JobRun]]):
    def __init__(self, models: ReadModels, history: RunHistory, background: BackgroundWork) -> None:
        self._models = models
        self._history = history
        self._background = background

    async def handle_async(self, request: RebuildReadModelCommand) -> OperationResult[JobRun]:
        model = next((one for one in await self._models.read_models_async() if one.name == request.name), None)
        if model is None:
            return missing("read model", request.name)
        if model.rebuilding:
            return conflicting(f"read model {request.name} is being rebuilt already")
        await self._history.abandon_async(TASK_ID)
        recorder = await self._history.start_async(TASK_ID, "manual", current_request().actor, beside_job=True)
        await recorder.expect_async(max(1, math.ceil(model.head / COMMITS_PER_PART)))
        self._background.start(f"rebuild {request.name}", self._rebuild_async(request.name, recorder))
        return self.accepted(recorder.run)

    async def _rebuild_async(self, name: str, recorder: RunRecorder) -> None:
        read_up_to, largest = 0, 1

        async def expect_async(parts_total: int) -> None:
            if recorder.run.parts_total != parts_total:
                await recorder.expect_async(parts_total)

        async def on_progress(position: int, head: int) -> None:
            nonlocal read_up_to, largest
            counts = {"commits": position - read_up_to}
            read_up_to, largest = position, max(largest, position - read_up_to)
            await expect_async(recorder.run.parts_done + 1 + math.ceil(max(0, head - position) / largest))
            await recorder.part_async(RunPart(f"{name} up to {position}", RunOutcome.SUCCEEDED, counts))

        # Whatever happens, the run must not look as if it went on for ever.
        outcome: RunOutcome = RunOutcome.FAILED
        why: str | None = "it ended unexpectedly; the log has the details"
        try:
            await self._models.rebuild_async(name, on_progress)
            outcome, why = RunOutcome.SUCCEEDED, None
            await expect_async(recorder.run.parts_done)
        except LabkeeperError as error:
            outcome, why = RunOutcome.FAILED, str(error)
            await recorder.part_async(RunPart(name, RunOutcome.FAILED, error=why))
        finally:
            await self._history.end_async(recorder, outcome, why)
