"""The jobs as people see and start them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from application.kernel.jobs import JobRun, Jobs, JobStatus, RunHistory
from application.kernel.leases import Leases
from integration.scheduling.job_runner import JobRunner, lease_key
from integration.scheduling.scheduled_job import ScheduledJob


class Schedule(Protocol):
    """What the administration needs of the scheduler."""

    @property
    def jobs(self) -> Mapping[str, ScheduledJob]:
        """The scheduled jobs by task id."""

    def next_run_at(self, task_id: str) -> datetime | None:
        """Return when this process looks at a job next."""


class JobAdministration(Jobs):
    """Answers from this process' schedule, the leases and the run history."""

    def __init__(self, schedule: Schedule, runner: JobRunner, leases: Leases, history: RunHistory) -> None:
        self._schedule = schedule
        self._runner = runner
        self._leases = leases
        self._history = history

    async def list_async(self) -> list[JobStatus]:
        return [await self._status_async(job) for _, job in sorted(self._schedule.jobs.items())]

    async def trigger_async(self, task_id: str, actor: str) -> JobRun | None:
        job = self._schedule.jobs.get(task_id)
        return None if job is None else await self._runner.trigger_async(job.job_type, task_id, actor)

    async def _status_async(self, job: ScheduledJob) -> JobStatus:
        leader = await self._leases.holder_async(lease_key(job.task_id))
        runs = await self._history.list_async(job.task_id, 1, None)
        return JobStatus(
            task_id=job.task_id,
            description=job.description,
            interval_seconds=job.interval_seconds,
            next_run_at=self._schedule.next_run_at(job.task_id),
            running=leader is not None,
            leader=leader,
            last_run=runs[0] if runs else None,
        )
