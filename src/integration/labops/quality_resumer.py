"""Starts quality runs again whose process is gone."""

import asyncio

import structlog
from neuroglia.hosting.abstractions import HostedService

from application.kernel.request_context import RequestContext, acting_as
from application.labops.quality.quality_runner import QualityRunner
from application.labops.quality.runs import QualityRuns
from domain.kernel.errors import UnavailableError

POLL_SECONDS = 5.0

log = structlog.get_logger(__name__)


class QualityRunResumer(HostedService):
    """Looks every few seconds. A run that somebody works on has a lease, so asking for it changes nothing."""

    def __init__(self, runner: QualityRunner, runs: QualityRuns) -> None:
        self._runner = runner
        self._runs = runs
        self._task: asyncio.Task[None] | None = None

    async def start_async(self) -> None:
        self._task = asyncio.create_task(self._work_async(), name="quality-runs")

    async def stop_async(self) -> None:
        """Let go of what is under way: another process starts it again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _work_async(self) -> None:
        while True:
            try:
                await self.resume_async()
            except UnavailableError as error:
                log.info("quality_runs_not_looked_after", why=str(error))
            except Exception:  # process edge: a surprise in one run must not keep the others from being found
                log.exception("quality_run_broke_off")
            await asyncio.sleep(POLL_SECONDS)

    async def resume_async(self) -> None:
        """Start again what was left behind, one after the other.

        Raises:
            UnavailableError: the data or the store give no answer.
        """
        for run in await self._runs.left_behind_async():
            with acting_as(RequestContext(actor=run.actor)):
                await self._runner.carry_out_async(run)
