"""A job as the schedule of this process knows it."""

import importlib
import inspect
from dataclasses import dataclass

from application.kernel.jobs import LabkeeperJob


@dataclass(slots=True)
class ScheduledJob:
    """What a job said of itself when it was scheduled, and how its ticks went since.

    Attributes:
        trigger: what the next tick counts as: ``start`` until the first one is decided, then ``schedule``.
        failures: ticks in a row that found the store unavailable.
    """

    job_type: type[LabkeeperJob]
    task_id: str
    description: str
    interval_seconds: float
    jitter_seconds: float
    trigger: str
    failures: int = 0

    @classmethod
    def of(cls, job: LabkeeperJob) -> "ScheduledJob":
        """Read what a job says of itself."""
        return cls(
            job_type=type(job),
            task_id=job.task_id,
            description=job.description,
            interval_seconds=job.interval_seconds,
            jitter_seconds=job.jitter_seconds,
            trigger="start" if job.run_at_start else "schedule",
        )


def jobs_of(module_name: str) -> list[type[LabkeeperJob]]:
    """Return the job classes that a module defines itself, in the order of their names."""
    members = vars(importlib.import_module(module_name)).values()
    found = [
        member
        for member in members
        if inspect.isclass(member)
        and issubclass(member, LabkeeperJob)
        and not inspect.isabstract(member)
        and member.__module__ == module_name
    ]
    return sorted(found, key=lambda job_type: job_type.__name__)
