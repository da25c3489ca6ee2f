"""Answers about the installation itself."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from api.kernel.runs import RunAnswer, run_answer
from application.kernel.jobs import JobStatus, RunPart


class RunPartAnswer(BaseModel):
    """What a run did to one part, e.g. one worker; ``items`` tells it thing by thing."""

    part_id: str
    outcome: str
    counts: dict[str, int]
    items: list[dict[str, Any]]
    error: str | None
    duration_ms: int


class RunDetailsAnswer(RunAnswer):
    """A run with its parts, in the order they ended."""

    parts: list[RunPartAnswer]


class RunsPage(BaseModel):
    """A page of runs, newest first."""

    items: list[RunAnswer]
    next_cursor: str | None


class JobAnswer(BaseModel):
    """A job. ``leader`` is the process that runs it now; without ``interval_seconds`` it only runs on demand."""

    task_id: str
    description: str
    interval_seconds: float | None
    next_run_at: datetime | None
    running: bool
    leader: str | None
    last_run: RunAnswer | None


class JobsAnswer(BaseModel):
    """All jobs."""

    items: list[JobAnswer]


class SubscriptionAnswer(BaseModel):
    """A subscription. ``lag`` counts commits that it has not seen yet."""

    name: str
    log: str
    kind: str
    position: int
    head: int
    lag: int
    parked: int
    waiting: int
    holder: str | None
    last_error: str | None


class SubscriptionsAnswer(BaseModel):
    """All subscriptions."""

    items: list[SubscriptionAnswer]


class ParkedEventAnswer(BaseModel):
    """An event that a subscription gave up on (``parked``), or that waits behind one (``waiting``)."""

    id: str
    subscription: str
    log: str
    position: int
    index: int
    stream: str
    event_id: str
    event_type: str
    state: str
    attempts: int
    error: str
    parked_at: datetime


class ParkedEventsPage(BaseModel):
    """A page of parked events, oldest first."""

    items: list[ParkedEventAnswer]
    next_cursor: str | None


class ReplayAnswer(BaseModel):
    """What came of trying a parked event again: replayed, failed or blocked."""

    outcome: str


class ReadModelAnswer(BaseModel):
    """A read model.

    `of_each_process`: every process keeps one for itself, and the numbers are those of the process that answers. A
    rebuild reaches all processes: each begins its own within seconds, and so does one that is down, once it is back.
    `last_error`: why the process that answers does not get on with it; null when all is well. Of a table whose file is
    damaged it says which, while the table is built anew by itself.
    """

    name: str
    log: str
    collection: str
    documents: int
    position: int
    head: int
    lag: int
    rebuilding: bool
    rebuilt_at: datetime | None
    of_each_process: bool
    last_error: str | None


class ReadModelsAnswer(BaseModel):
    """All read models."""

    items: list[ReadModelAnswer]


def part_answer(part: RunPart) -> RunPartAnswer:
    """Return a part as the API gives it."""
    return RunPartAnswer(**asdict(part))


def job_answer(job: JobStatus) -> JobAnswer:
    """Return a job as the API gives it."""
    last = run_answer(job.last_run) if job.last_run else None
    return JobAnswer(
        task_id=job.task_id,
        description=job.description,
        interval_seconds=job.interval_seconds,
        next_run_at=job.next_run_at,
        running=job.running,
        leader=job.leader,
        last_run=last,
    )
