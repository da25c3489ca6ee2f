"""The contract of jobs and of the record that is kept of each of their runs."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from neuroglia.application.background_scheduler import RecurrentBackgroundJob

from domain.kernel.errors import LabkeeperError


class RunOutcome(StrEnum):
    """How a run ended. ``partial``: some parts failed (all: ``failed``); ``abandoned``: its process died in it."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    ABANDONED = "abandoned"


@dataclass(slots=True)
class RunPart:
    """What a run did to one part, e.g. to one worker.

    Attributes:
        part_id: id of the part, e.g. the worker's.
        outcome: how that part ended.
        counts: numbers by name, e.g. ``labs_created``.
        items: one entry per thing touched, e.g. ``{"id": lab id, "change": "created"}``; unchanged are only counted.
        error: why it failed; None if it did not.
        duration_ms: how long it took.
    """

    part_id: str
    outcome: RunOutcome
    counts: dict[str, int] = field(default_factory=dict)
    items: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None
    duration_ms: int = 0


@dataclass(slots=True)
class JobRun:
    """One run of a job. ``trigger`` is ``start``, ``schedule`` or ``manual``; ``counts`` adds up its parts.

    ``ended_at`` is None while it runs; ``error`` says why it failed, None if it did not.
    """

    run_id: str
    task_id: str
    trigger: str
    actor: str
    started_at: datetime
    outcome: RunOutcome = RunOutcome.RUNNING
    ended_at: datetime | None = None
    counts: dict[str, int] = field(default_factory=dict)
    parts_total: int = 0
    parts_done: int = 0
    parts_partial: int = 0
    parts_failed: int = 0
    error: str | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen in this run."""
        return self.outcome is not RunOutcome.RUNNING


@dataclass(frozen=True, slots=True)
class StartMemory:
    """What all processes together remember of a job's scheduled starts, measured with the server's clock.

    Attributes:
        seconds_since_start: since the last scheduled start; None when there was none, or when that run was abandoned.
        seconds_since_known: since any process first asked about this job.
    """

    seconds_since_start: float | None
    seconds_since_known: float


class RunRecorder(ABC):
    """Handed to a running job; writes what it did as it does it."""

    run: JobRun

    @abstractmethod
    async def expect_async(self, parts_total: int) -> None:
        """Say how many parts this run will have.

        Raises:
            RunAlreadyEndedError: another process has declared this run abandoned.
        """

    @abstractmethod
    async def part_async(self, part: RunPart) -> None:
        """Record a finished part and add its counts to the run's.

        Of its items a bounded number is kept; ``counts["items_left_out"]`` says how many are not.

        Raises:
            RunAlreadyEndedError: another process has declared this run abandoned.
        """


class RunHistory(ABC):
    """The record of runs. Raises ``UnavailableError`` when the store does not answer."""

    @abstractmethod
    async def start_async(self, task_id: str, trigger: str, actor: str, *, beside_job: bool = False) -> RunRecorder:
        """Record that a run has started. Unless it is a ``manual`` one it counts as the job's scheduled start.

        Args:
            beside_job: it does part of the job's work without holding the job's lease, e.g. for one worker; it is no
                scheduled start, and that the lease changes hands does not abandon it.
        """

    @abstractmethod
    async def end_async(self, recorder: RunRecorder, outcome: RunOutcome, error: str | None = None) -> JobRun:
        """Record how a run ended. An abandoned run does not count as a scheduled start any more.

        Raises:
            RunAlreadyEndedError: another process has declared this run abandoned.
        """

    @abstractmethod
    async def abandon_async(self, task_id: str) -> int:
        """Close runs that a dead process left running; return how many. Only for the holder of the job's lease.

        Runs beside the job, which nobody's lease vouches for, are closed when they are hours old.
        """

    @abstractmethod
    async def recall_start_async(self, task_id: str) -> StartMemory:
        """Return what is remembered of the job's last scheduled start, by whichever process."""

    @abstractmethod
    async def wait_for_progress_async(self, seen: JobRun, timeout_seconds: float) -> JobRun | None:
        """Wait until a run has moved on from what was seen, at most the given time; answer it as it is then.

        A run that has ended is answered at once. None when it is no longer kept.
        """

    @abstractmethod
    async def get_async(self, task_id: str, run_id: str) -> JobRun | None:
        """Return one run; None when there is none."""

    @abstractmethod
    async def parts_async(self, run_id: str) -> list[RunPart]:
        """Return the parts of a run in the order they ended."""

    @abstractmethod
    async def list_async(self, task_id: str, limit: int, before: str | None) -> list[JobRun]:
        """Return runs, newest first; ``before`` is the run id to go on from."""


class LabkeeperJob(RecurrentBackgroundJob, ABC):
    """A recurrent job: runs under the scheduler, once across all processes, and can be run by hand.

    Attributes:
        task_id: stable id, e.g. ``labs-refresh``.
        description: what it does, for people.
        interval_seconds: time between two starts.
        jitter_seconds: random addition to it.
        deadline_seconds: after this a run is cancelled and recorded as timed out.
        run_at_start: whether it also runs when the application starts.
    """

    task_id: str
    description: str
    interval_seconds: float
    jitter_seconds: float = 0.0
    deadline_seconds: float = 3600.0
    run_at_start: bool = True

    @abstractmethod
    async def run_async(self, recorder: RunRecorder, trigger: str) -> None:
        """Do the work once. A failing part is recorded and never stops the others; an exception fails the run."""

    def configure(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to configure: jobs are built by the container with what they need."""

    async def run_every(self, *args: Any, **kwargs: Any) -> None:
        """neuroglia's entry point; the scheduler goes through the job runner, which records the run."""
        raise NotImplementedError("run through the job runner")


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as people see it.

    Attributes:
        interval_seconds: None when it only runs on demand.
        next_run_at: when this process looks at it next; None when it does not.
        leader: the process that runs it now; None when none does.
        last_run: of any process; None before the first.
    """

    task_id: str
    description: str
    interval_seconds: float | None
    next_run_at: datetime | None
    running: bool
    leader: str | None
    last_run: JobRun | None


class Jobs(ABC):
    """Administration of the jobs."""

    @abstractmethod
    async def list_async(self) -> list[JobStatus]:
        """Return every job by task id."""

    @abstractmethod
    async def trigger_async(self, task_id: str, actor: str) -> JobRun | None:
        """Start a run by hand in the background; None when there is no such job.

        Raises:
            JobAlreadyRunningError: a run is under way, here or in another process.
        """


class JobAlreadyRunningError(LabkeeperError):
    """A run is under way; there is never a second one beside it."""


class RunAlreadyEndedError(LabkeeperError):
    """The run was closed by another process, which holds the job's lease now: this one has to stop."""
