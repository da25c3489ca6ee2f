"""Runs a job once across all processes: by lease, by the remembered last start, and by hand."""

import asyncio
from contextlib import AsyncExitStack, suppress
from contextvars import Context
from dataclasses import dataclass, replace
from typing import Literal

import structlog
from neuroglia.dependency_injection import ServiceProviderBase

from application.kernel.jobs import JobAlreadyRunningError, JobRun, LabkeeperJob, RunHistory, StartMemory
from application.kernel.leases import Leases
from domain.kernel.errors import UnavailableError
from integration.scheduling.job_in_progress import JobInProgress
from integration.scheduling.lease_keeping import until_lost_async

LEASE_TTL_SECONDS = 15.0
START_SPACING_SECONDS = 5.0
"""A job that runs at start runs once when several processes start together, that is within this time."""
CANCEL_SECONDS = 5.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tick:
    """What came of one tick of the schedule.

    Attributes:
        result: ``ran`` here; ``held``: a run is under way, here or elsewhere; ``early``: another process ran it lately.
        again_in_seconds: when to look again; None for the usual interval.
    """

    result: Literal["ran", "held", "early"]
    again_in_seconds: float | None = None


def lease_key(task_id: str) -> str:
    """Return the key of the lease under which a job runs."""
    return f"job:{task_id}"


def seconds_until_due(memory: StartMemory, trigger: str, interval_seconds: float) -> float:
    """Return how long a job has to wait for its turn; 0 when it is due."""
    since = memory.seconds_since_start
    if trigger == "start" and (since is None or since >= min(START_SPACING_SECONDS, interval_seconds)):
        return 0.0
    return max(0.0, interval_seconds - (memory.seconds_since_known if since is None else since))


class JobRunner:
    """Starts runs, and never a second one beside another."""

    def __init__(
        self,
        services: ServiceProviderBase,
        leases: Leases,
        history: RunHistory,
        lease_ttl_seconds: float = LEASE_TTL_SECONDS,
    ) -> None:
        self._services = services
        self._leases = leases
        self._history = history
        self._ttl = lease_ttl_seconds
        self._occupied: set[str] = set()
        self._in_progress: dict[asyncio.Task[JobRun], JobInProgress] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False

    @property
    def idle(self) -> bool:
        """Whether this process runs no job and is about to run none."""
        return self._idle.is_set()

    async def tick_async(self, job_type: type[LabkeeperJob], task_id: str, trigger: str, interval: float) -> Tick:
        """Run a job to its end if it is due and nobody else runs it.

        Raises:
            UnavailableError: the store gives no answer; nothing was started.
        """
        # Looked at first without the lease: a tick that is only early must not turn away a run by hand.
        wait = await self._wait_async(task_id, trigger, interval)
        if wait > 0 and not await self._left_running_async(task_id):
            return Tick("early", wait)
        async with AsyncExitStack() as undo:
            lease_lost = await self._occupy_async(task_id, undo)
            if lease_lost is None:
                return Tick("held", self._ttl / 3)
            await self._history.abandon_async(task_id)
            wait = await self._wait_async(task_id, trigger, interval)
            if wait > 0:
                return Tick("early", wait)
            task = await self._start_async(job_type, task_id, trigger, f"system:job:{task_id}", lease_lost, undo)
        await asyncio.shield(task)
        return Tick("ran")

    async def trigger_async(self, job_type: type[LabkeeperJob], task_id: str, actor: str) -> JobRun:
        """Start a run in the background and return it as it begins.

        Raises:
            JobAlreadyRunningError: a run is under way, here or in another process.
            UnavailableError: the store gives no answer or this process is stopping; nothing was started.
        """
        if self._stopping:
            raise UnavailableError("this process is stopping")
        async with AsyncExitStack() as undo:
            lease_lost = await self._occupy_async(task_id, undo)
            if lease_lost is None:
                raise JobAlreadyRunningError(f"a run of {task_id} is under way")
            await self._history.abandon_async(task_id)
            task = await self._start_async(job_type, task_id, "manual", actor, lease_lost, undo)
        run = self._in_progress[task].run
        return replace(run, counts=dict(run.counts))

    async def stop_async(self, grace_seconds: float) -> None:
        """Start nothing more; let what runs finish within the grace, then cancel it."""
        self._stopping = True
        if await self._idle_within_async(grace_seconds):
            return
        for job in self._in_progress.values():
            _log.warning("job cancelled: it did not finish in time", task_id=job.run.task_id, run_id=job.run.run_id)
            job.stop()
        if not await self._idle_within_async(CANCEL_SECONDS):
            for task in list(self._in_progress):
                task.cancel()
            await self._idle_within_async(1.0)

    def resume(self) -> None:
        """Accept work again after a stop."""
        self._stopping = False

    async def _wait_async(self, task_id: str, trigger: str, interval: float) -> float:
        return seconds_until_due(await self._history.recall_start_async(task_id), trigger, interval)

    async def _left_running_async(self, task_id: str) -> bool:
        return any(not run.ended for run in await self._history.list_async(task_id, 1, None))

    async def _idle_within_async(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def _occupy_async(self, task_id: str, undo: AsyncExitStack) -> "asyncio.Task[str] | None":
        """Take the job in this process and its lease; give both back when ``undo`` closes."""
        if self._stopping or task_id in self._occupied:
            return None
        self._occupied.add(task_id)
        self._idle.clear()
        undo.callback(self._leave, task_id)
        asked_at = asyncio.get_running_loop().time()
        lease = await self._leases.try_acquire_async(lease_key(task_id), self._ttl)
        if lease is None:
            return None

        async def release_async() -> None:
            with suppress(UnavailableError):
                await self._leases.release_async(lease)

        undo.push_async_callback(release_async)
        lost = asyncio.create_task(until_lost_async(self._leases, lease, self._ttl, asked_at))
        undo.callback(lost.cancel)
        return lost

    def _leave(self, task_id: str) -> None:
        self._occupied.discard(task_id)
        if not self._occupied:
            self._idle.set()

    async def _start_async(
        self,
        job_type: type[LabkeeperJob],
        task_id: str,
        trigger: str,
        actor: str,
        lease_lost: "asyncio.Task[str]",
        undo: AsyncExitStack,
    ) -> "asyncio.Task[JobRun]":
        recorder = await self._history.start_async(task_id, trigger, actor)
        job = JobInProgress(job_type, self._services, self._history, recorder, lease_lost)
        # In a context of its own: nothing of the request that asked for it, which is over before the run is.
        work = self._carry_out_async(job, undo.pop_all())
        task = asyncio.create_task(work, name=f"job {task_id}", context=Context())
        self._in_progress[task] = job
        task.add_done_callback(self._in_progress.pop)
        return task

    @staticmethod
    async def _carry_out_async(job: JobInProgress, undo: AsyncExitStack) -> JobRun:
        async with undo:
            return await job.carry_out_async()
