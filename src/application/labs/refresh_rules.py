"""When a worker may be refreshed, and what refuses it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from application.labs.sync_ledger import WorkerSync
from domain.kernel.errors import DomainError

FORCED_PAUSE = timedelta(seconds=10)


class RefreshUnderWayError(DomainError):
    """The worker is being refreshed already, here or in another process."""


class RefreshedTooRecentlyError(DomainError):
    """A forced refresh reached the controller a moment ago. ``retry_after_seconds`` tells when the next may."""

    def __init__(self, worker_id: str, retry_after_seconds: float) -> None:
        super().__init__(f"worker {worker_id} was refreshed by hand less than {FORCED_PAUSE.seconds} s ago")
        self.retry_after_seconds = retry_after_seconds


def seconds_until_forced(sync: WorkerSync, now: datetime) -> float:
    """Return how long until a worker may be refreshed by hand; 0 when it may now."""
    if sync.last_forced_at is None:
        return 0.0
    return max(0.0, (sync.last_forced_at + FORCED_PAUSE - now).total_seconds())


@dataclass(frozen=True, slots=True)
class RefreshSettings:
    """``interval``: base time between two refreshes; ``deadline_seconds``: for one worker."""

    interval: timedelta = timedelta(minutes=30)
    deadline_seconds: float = 60.0


def refresh_lease_key(worker_id: str) -> str:
    """Return the key of the lease under which a worker's records may change."""
    return f"refresh:{worker_id}"
