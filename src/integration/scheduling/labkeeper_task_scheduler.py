"""neuroglia's scheduler, with jobs that the container builds and that run once across all processes.

Two processes keep one schedule: each ticks on its own, the lease and the remembered last start decide who runs, and
whoever came too early looks again when the job is due. Rejected: one leading process for all jobs, because the
others would stand by while it is busy; and APScheduler's shared job store, because both would run every job.
"""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger
from neuroglia.application.background_scheduler import (
    BackgroundTaskException,
    BackgroundTasksBus,
    BackgroundTaskScheduler,
    BackgroundTaskSchedulerOptions,
    RecurrentTaskDescriptor,
    TaskDescriptor,
)
from neuroglia.dependency_injection import ServiceProviderBase
from neuroglia.hosting.abstractions import HostedService

from application.kernel.jobs import Jobs, RunHistory
from application.kernel.leases import Leases
from domain.kernel.clock import Clock, SystemClock
from domain.kernel.errors import UnavailableError
from integration.scheduling.job_administration import JobAdministration
from integration.scheduling.job_runner import LEASE_TTL_SECONDS, JobRunner
from integration.scheduling.measures import count_tick
from integration.scheduling.scheduled_job import ScheduledJob, jobs_of
from integration.scheduling.service_scopes import scope_of

STOP_GRACE_SECONDS = 30.0
LONGEST_BACKOFF_SECONDS = 30.0
SHORTEST_WAIT_SECONDS = 0.05

OBSERVED = {EVENT_JOB_ERROR: "error", EVENT_JOB_MISSED: "missed", EVENT_JOB_MAX_INSTANCES: "overlapped"}

_log = structlog.get_logger(__name__)
_uniform = random.SystemRandom().uniform


class LabkeeperTaskScheduler(BackgroundTaskScheduler):
    """Schedules every job type of its options when it starts, and what comes over the bus.

    A descriptor on the bus names a registered job type and replaces what was scheduled under its id.
    """

    def __init__(
        self,
        options: BackgroundTaskSchedulerOptions,
        bus: BackgroundTasksBus,
        services: ServiceProviderBase,
        runner: JobRunner,
        *,
        clock: Clock | None = None,
        stop_grace_seconds: float = STOP_GRACE_SECONDS,
        uniform: Callable[[float, float], float] = _uniform,
    ) -> None:
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        scheduler = AsyncIOScheduler(executors={"default": AsyncIOExecutor()}, timezone=UTC, job_defaults=defaults)
        super().__init__(options, bus, scheduler)
        self._services = services
        self._runner = runner
        self._clock = clock or SystemClock()
        self.stop_grace_seconds = stop_grace_seconds
        self._uniform = uniform
        self._jobs: dict[str, ScheduledJob] = {}
        self._early_requests: list[TaskDescriptor] = []
        self._requests = bus.input_stream.subscribe(self._on_request)
        scheduler.add_listener(self._observe, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)

    @property
    def jobs(self) -> dict[str, ScheduledJob]:
        """The scheduled jobs by task id."""
        return self._jobs

    def next_run_at(self, task_id: str) -> datetime | None:
        """Return when this process looks at a job next; None when it does not."""
        job = self._scheduler.get_job(task_id)
        return None if job is None else job.next_run_time

    async def start_async(self) -> None:
        """Schedule all jobs. A job that the container cannot build fails the start."""
        if self._started:
            return
        self._runner.resume()
        self._scheduler.start()
        self._started = True
        for job_type in self._options.type_maps.values():
            async with scope_of(self._services) as scope:
                self.schedule(ScheduledJob.of(scope.get_required_service(job_type)), self._clock.now())
        early, self._early_requests = self._early_requests, []
        for descriptor in early:
            await self._on_job_request_async(descriptor)

    async def stop_async(self) -> None:
        """Stop ticking, let running jobs finish within the grace, then cancel them."""
        if not self._started:
            return
        self._started = False
        self._scheduler.pause()
        await self._runner.stop_async(self.stop_grace_seconds)
        # A tick that was just made begins now: cancelled before its first step it could not end quietly.
        await asyncio.sleep(0)
        self._scheduler.shutdown(wait=False)
        # APScheduler shuts down in a callback of the loop.
        await asyncio.sleep(0)

    def schedule(self, job: ScheduledJob, first_at: datetime | None = None) -> None:
        """Schedule a job in place of what was under its id; first after one interval unless a time is given."""
        self._jobs[job.task_id] = job
        self._scheduler.add_job(
            self._tick_async,
            IntervalTrigger(seconds=job.interval_seconds, jitter=job.jitter_seconds or None, timezone=UTC),
            args=(job.task_id,),
            id=job.task_id,
            name=job.description,
            replace_existing=True,
            **({} if first_at is None else {"next_run_time": first_at}),
        )

    def stop_task(self, task_id: str) -> bool:
        """Take a job off the schedule; False when it is not on it."""
        return self._jobs.pop(task_id, None) is not None and bool(super().stop_task(task_id))

    async def _on_job_request_async(self, task_descriptor: TaskDescriptor) -> None:
        job_type = self._options.get_task_type(task_descriptor.name)
        if job_type is None or not isinstance(task_descriptor, RecurrentTaskDescriptor):
            _log.error("no such recurrent job", name=task_descriptor.name, task_id=task_descriptor.id)
            return
        async with scope_of(self._services) as scope:
            job = ScheduledJob.of(scope.get_required_service(job_type))
        job.task_id = task_descriptor.id
        job.interval_seconds = task_descriptor.interval
        job.trigger = "schedule" if task_descriptor.started_at is None else "start"
        self.schedule(job, task_descriptor.started_at)

    def _on_request(self, descriptor: TaskDescriptor) -> None:
        if not self._started:
            self._early_requests.append(descriptor)
            return
        task = asyncio.get_running_loop().create_task(self._on_job_request_async(descriptor))
        task.add_done_callback(_report_failed_request)

    async def _tick_async(self, task_id: str) -> None:
        try:
            await self._look_async(task_id)
        except asyncio.CancelledError:
            # APScheduler cancels ticks when it shuts down, and would then log each as a failed job.
            if self._started:
                raise

    async def _look_async(self, task_id: str) -> None:
        job = self._jobs[task_id]
        try:
            tick = await self._runner.tick_async(job.job_type, task_id, job.trigger, job.interval_seconds)
        except UnavailableError as error:
            _log.warning("job waits for the store", task_id=task_id, error=str(error))
            count_tick(task_id, "unavailable")
            wait = min(LONGEST_BACKOFF_SECONDS, job.interval_seconds, 2.0**job.failures)
            job.failures += 1
            self._look_again(task_id, wait)
            return
        count_tick(task_id, tick.result)
        job.failures = 0
        if tick.result != "held":
            job.trigger = "schedule"
        if tick.again_in_seconds is not None:
            jitter = self._uniform(0, job.jitter_seconds) if tick.result == "early" else 0.0
            self._look_again(task_id, tick.again_in_seconds + jitter)

    def _look_again(self, task_id: str, in_seconds: float) -> None:
        if self._started and self._scheduler.get_job(task_id) is not None:
            moment = datetime.now(UTC) + timedelta(seconds=max(SHORTEST_WAIT_SECONDS, in_seconds))
            self._scheduler.modify_job(task_id, next_run_time=moment)

    def _observe(self, event: JobEvent) -> None:
        count_tick(event.job_id, OBSERVED[event.code])

    @staticmethod
    def configure(
        builder: Any, modules: list[str] | None = None, *, lease_ttl_seconds: float = LEASE_TTL_SECONDS
    ) -> Any:
        """Register the scheduler, its runner, ``Jobs``, and every job class that the modules define.

        ``Leases`` and ``RunHistory`` have to be registered by then or later. A module that cannot be imported, or
        that defines no job, is an error.
        """
        options = cast(Any, BackgroundTaskSchedulerOptions)()
        for name in modules or []:
            found = jobs_of(name)
            if not found:
                raise BackgroundTaskException(f"module {name} defines no job")
            for job_type in found:
                options.register_task_type(job_type.__name__, job_type)
                builder.services.try_add_transient(job_type, job_type)

        def runner(provider: ServiceProviderBase) -> JobRunner:
            required = provider.get_required_service
            return JobRunner(provider, required(Leases), required(RunHistory), lease_ttl_seconds)

        def scheduler(provider: ServiceProviderBase) -> LabkeeperTaskScheduler:
            bus = provider.get_required_service(BackgroundTasksBus)
            return LabkeeperTaskScheduler(options, bus, provider, provider.get_required_service(JobRunner))

        def same_scheduler(provider: ServiceProviderBase) -> LabkeeperTaskScheduler:
            found: LabkeeperTaskScheduler = provider.get_required_service(LabkeeperTaskScheduler)
            return found

        def administration(provider: ServiceProviderBase) -> JobAdministration:
            required = provider.get_required_service
            return JobAdministration(
                required(LabkeeperTaskScheduler), required(JobRunner), required(Leases), required(RunHistory)
            )

        services = builder.services
        services.add_singleton(BackgroundTaskSchedulerOptions, singleton=options)
        services.add_singleton(BackgroundTasksBus, BackgroundTasksBus)
        services.add_singleton(JobRunner, implementation_factory=runner)
        services.add_singleton(LabkeeperTaskScheduler, implementation_factory=scheduler)
        services.add_singleton(BackgroundTaskScheduler, implementation_factory=same_scheduler)
        services.add_singleton(HostedService, implementation_factory=same_scheduler)
        services.add_singleton(Jobs, implementation_factory=administration)
        return builder


def _report_failed_request(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("job could not be scheduled", exc_info=error)
