"""When workers were last synced: not an event, and kept apart from read models so that a rebuild loses nothing."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

LONGEST_STRETCH = 4
"""A worker without changes is asked less often, up to so many times the base interval."""


@dataclass(frozen=True, slots=True)
class WorkerSync:
    """How the syncing of one worker stands. All times aware UTC, None if it never happened.

    Attributes:
        last_synced_at: last successful listing.
        stale_since: time of the first failure after it; None while all is well.
        error: what went wrong last; None while all is well.
        failed_labs: labs that the last listing could not read, with the time they were last read.
        stretch: factor on the base interval, 1 to 4.
        next_due_at: when the job should ask again.
        last_forced_at: last forced refresh that reached the controller.
    """

    worker_id: str
    last_synced_at: datetime | None = None
    stale_since: datetime | None = None
    error: str | None = None
    failed_labs: dict[str, datetime | None] = field(default_factory=dict)
    stretch: int = 1
    next_due_at: datetime | None = None
    last_forced_at: datetime | None = None

    def synced(
        self, at: datetime, *, failed_lab_ids: Collection[str], changed: bool, forced: bool, base: timedelta
    ) -> "WorkerSync":
        """Return how it stands after a successful listing."""
        stretch = 1 if changed else min(self.stretch * 2, LONGEST_STRETCH)
        return WorkerSync(
            worker_id=self.worker_id,
            last_synced_at=at,
            failed_labs={lab_id: self.failed_labs.get(lab_id, self.last_synced_at) for lab_id in failed_lab_ids},
            stretch=stretch,
            next_due_at=at + base * stretch,
            last_forced_at=at if forced else self.last_forced_at,
        )

    def failed(self, at: datetime, error: str, base: timedelta) -> "WorkerSync":
        """Return how it stands after a refresh that failed; it is asked again at the base interval."""
        return WorkerSync(
            worker_id=self.worker_id,
            last_synced_at=self.last_synced_at,
            stale_since=self.stale_since or at,
            error=error,
            failed_labs=self.failed_labs,
            stretch=1,
            next_due_at=at + base,
            last_forced_at=self.last_forced_at,
        )

    def last_synced_of(self, lab_id: str) -> datetime | None:
        """Return when a lab was last read, aware UTC; None when it never was."""
        return self.failed_labs.get(lab_id, self.last_synced_at)


class SyncLedger(ABC):
    """Keeps one entry per worker. Raises ``UnavailableError`` when the store does not answer."""

    @abstractmethod
    async def get_async(self, worker_id: str) -> WorkerSync:
        """Return a worker's entry; an empty one if it was never synced."""

    @abstractmethod
    async def get_many_async(self, worker_ids: Collection[str]) -> dict[str, WorkerSync]:
        """Return the entries of many workers by id, empty ones included."""

    @abstractmethod
    async def put_async(self, sync: WorkerSync, *, forced: bool = False) -> None:
        """Keep an entry: the one write per worker and cycle. Only a forced one moves ``last_forced_at``."""

    @abstractmethod
    async def remove_async(self, worker_id: str) -> None:
        """Forget a worker."""
