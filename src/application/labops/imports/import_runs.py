"""Imports, from the upload to the end."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ImportState(StrEnum):
    """Where an import stands."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self in (ImportState.COMPLETED, ImportState.FAILED, ImportState.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRun:
    """One import.

    Attributes:
        import_id: ids in order of upload.
        file_name: as the sender named it; size and sha256 are of the file as it was sent.
        actor: who sent it.
        rows_read: rows after the header that were judged; the sum of applied, unchanged and rejected.
        bytes_read: how much of the file had been read by then.
        ignored_columns: names in the header that mean nothing here.
        started_at, ended_at: None while it has not.
        error: why it failed; None if it did not.
        cancelling: whether somebody asked for its end, and it goes on still.
        token: fencing token of the process that works on it; 0 before the first.
    """

    import_id: str
    state: ImportState
    file_name: str
    size: int
    sha256: str
    actor: str
    correlation_id: str
    uploaded_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    rows_read: int = 0
    rows_applied: int = 0
    rows_unchanged: int = 0
    rows_rejected: int = 0
    bytes_read: int = 0
    ignored_columns: tuple[str, ...] = ()
    error: str | None = None
    cancelling: bool = False
    token: int = 0


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was not taken.

    Attributes:
        line: physical line of the file on which the row begins, from 1.
        column: which is at fault; empty when the row as a whole is.
        value: what stands there, cut to a bearable length.
        reason: what it must be.
    """

    line: int
    column: str
    value: str
    reason: str


class ImportRuns(ABC):
    """Raises ``UnavailableError`` when the store does not answer; None means "not there"."""

    @abstractmethod
    async def add_async(self, run: ImportRun) -> None:
        """Add an import to the queue."""

    @abstractmethod
    async def get_async(self, import_id: str) -> ImportRun | None:
        """Return an import; None when there is none."""

    @abstractmethod
    async def list_async(self, limit: int, before: str | None) -> list[ImportRun]:
        """Return imports, newest first; those before an id."""

    @abstractmethod
    async def cancel_async(self, import_id: str) -> ImportRun | None:
        """Ask for the end of an import that has not ended; return it as it is then, None when there is none."""

    @abstractmethod
    async def wait_for_progress_async(self, seen: ImportRun, timeout_seconds: float) -> ImportRun | None:
        """Wait until an import is another than this; return it as it is then, or when the time is over.

        None when there is none any more.
        """

    @abstractmethod
    async def next_async(self) -> ImportRun | None:
        """Return the first import that has not ended; None when all have."""

    @abstractmethod
    async def wait_for_next_async(self, timeout_seconds: float) -> None:
        """Wait until this process adds one, or the time is over."""

    @abstractmethod
    async def save_async(self, run: ImportRun) -> ImportRun | None:
        """Save what changed while it was worked on.

        Returns:
            The import as it is then, with ``cancelling`` as others may have set it; None when a process with a later
            token has taken it, or it has ended.
        """

    @abstractmethod
    async def reject_async(self, import_id: str, rows: Sequence[RejectedRow]) -> None:
        """Keep rejected rows. One that is kept already stays as it is."""

    @abstractmethod
    def rejected_async(self, import_id: str) -> AsyncIterator[RejectedRow]:
        """Return the rejected rows by line."""
