"""Hold the stored specimens against the rules now."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.background import BackgroundWork
from application.labops.quality.quality_runner import QualityRunner
from application.labops.quality.runs import QualityRun


@dataclass(frozen=True, kw_only=True)
class StartQualityRunCommand(Command[OperationResult[QualityRun]]):
    """Begin a run over the stored specimens; it goes on after the answer."""


class StartQualityRunCommandHandler(CommandHandler[StartQualityRunCommand, OperationResult[QualityRun]]):
    def __init__(self, runner: QualityRunner, background: BackgroundWork) -> None:
        self._runner = runner
        self._background = background

    async def handle_async(self, request: StartQualityRunCommand) -> OperationResult[QualityRun]:
        del request
        run = await self._runner.begin_async("manual")
        self._background.start(f"quality-run-{run.run_id}", self._carry_out_async(run))
        return self.accepted(run)

    async def _carry_out_async(self, run: QualityRun) -> None:
        await self._runner.carry_out_async(run)
