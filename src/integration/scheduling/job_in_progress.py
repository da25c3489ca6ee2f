"""One run of one job, from the first line of its record to the last."""

import asyncio
from contextlib import suppress

import structlog
from neuroglia.dependency_injection import ServiceProviderBase
from opentelemetry import trace

from application.kernel.jobs import (
    JobRun,
    LabkeeperJob,
    RunAlreadyEndedError,
    RunHistory,
    RunOutcome,
    RunRecorder,
)
from application.kernel.request_context import RequestContext, acting_as
from domain.kernel.errors import LabkeeperError, UnavailableError
from integration.scheduling.measures import measure_run
from integration.scheduling.service_scopes import scope_of

END_RETRY_SECONDS = 0.5

_log = structlog.get_logger(__name__)
_tracer = trace.get_tracer("labkeeper")

Ending = tuple[RunOutcome, str | None]


class DeadlinePassedError(LabkeeperError):
    """A run took longer than its job allows."""


class JobInProgress:
    """Runs a job that the container builds, while its lease holds, and records how it ended."""

    def __init__(
        self,
        job_type: type[LabkeeperJob],
        services: ServiceProviderBase,
        history: RunHistory,
        recorder: RunRecorder,
        lease_lost: "asyncio.Task[str]",
    ) -> None:
        self._job_type = job_type
        self._services = services
        self._history = history
        self._recorder = recorder
        self._lease_lost = lease_lost
        self._stop = asyncio.Event()

    @property
    def run(self) -> JobRun:
        return self._recorder.run

    def stop(self) -> None:
        """Cancel the job; it is recorded as abandoned."""
        self._stop.set()

    async def carry_out_async(self) -> JobRun:
        """Run to the end. No error of the job rises: it is in the record and in the log."""
        run = self.run
        attributes = {"job.task_id": run.task_id, "job.run_id": run.run_id, "job.trigger": run.trigger}
        request = RequestContext(actor=run.actor, correlation_id=run.run_id)
        with acting_as(request), _tracer.start_as_current_span("job", attributes=attributes) as span:
            with measure_run(run) as measured:
                outcome, error = await self._outcome_async()
                measured.outcome = outcome
            span.set_attribute("job.outcome", outcome.value)
            return await self._record_end_async(outcome, error)

    async def _outcome_async(self) -> Ending:
        work = asyncio.create_task(self._work_async())
        stopped = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({work, stopped, self._lease_lost}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return self._ending_of(work)
            why = self._lease_lost.result() if self._lease_lost.done() else "its process was stopped"
            return RunOutcome.ABANDONED, why
        finally:
            stopped.cancel()
            work.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait({work})
            if work.done() and not work.cancelled():
                # Looked at, so that asyncio does not report it as forgotten.
                work.exception()

    async def _work_async(self) -> None:
        async with scope_of(self._services) as scope:
            job: LabkeeperJob = scope.get_required_service(self._job_type)
            try:
                async with asyncio.timeout(job.deadline_seconds) as limit:
                    await job.run_async(self._recorder, self.run.trigger)
            except TimeoutError as error:
                if limit.expired():
                    raise DeadlinePassedError(f"not done after {job.deadline_seconds:g} s") from error
                raise

    def _ending_of(self, work: "asyncio.Task[None]") -> Ending:
        if work.cancelled():
            return RunOutcome.FAILED, "the job cancelled itself"
        error = work.exception()
        if error is None:
            return self._ending_by_parts()
        if isinstance(error, RunAlreadyEndedError):
            return RunOutcome.ABANDONED, str(error)
        if isinstance(error, DeadlinePassedError):
            return RunOutcome.TIMED_OUT, str(error)
        if isinstance(error, LabkeeperError):
            _log.warning("job failed", task_id=self.run.task_id, run_id=self.run.run_id, error=str(error))
            return RunOutcome.FAILED, str(error)
        _log.error("job failed unexpectedly", task_id=self.run.task_id, run_id=self.run.run_id, exc_info=error)
        return RunOutcome.FAILED, f"unexpected {type(error).__name__}; the log has the details"

    def _ending_by_parts(self) -> Ending:
        run = self.run
        if run.parts_failed and run.parts_failed >= max(run.parts_total, run.parts_done):
            return RunOutcome.FAILED, f"all parts failed ({run.parts_failed})"
        if run.parts_failed or run.parts_partial or run.parts_done < run.parts_total:
            return RunOutcome.PARTIAL, None
        return RunOutcome.SUCCEEDED, None

    async def _record_end_async(self, outcome: RunOutcome, error: str | None) -> JobRun:
        """Write the end, again and again through an outage for as long as the lease is ours."""
        while True:
            try:
                run = await self._history.end_async(self._recorder, outcome, error)
            except UnavailableError:
                if self._lease_lost.done() or self._stop.is_set():
                    _log.warning("end of run not recorded", task_id=self.run.task_id, run_id=self.run.run_id)
                    return self.run
                await asyncio.sleep(END_RETRY_SECONDS)
            except RunAlreadyEndedError as closed:
                _log.warning("run was closed by another process", task_id=self.run.task_id, reason=str(closed))
                return self.run
            else:
                _log.info("job run ended", task_id=run.task_id, run_id=run.run_id, outcome=run.outcome, **_shown(run))
                return run


def _shown(run: JobRun) -> dict[str, object]:
    return {"counts": run.counts, "parts": run.parts_done, "parts_failed": run.parts_failed, "error": run.error}
