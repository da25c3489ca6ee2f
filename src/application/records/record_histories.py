"""What happened to a record, and how it was."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from domain.records.values import LabsRecord, RecordOrigin


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHistoryEntry:
    """One event of a record.

    Attributes:
        version: of the record after it, from 1.
        type: stored type name, e.g. ``records.labs-record-changed.v1``.
        at: when it happened, aware UTC.
        by: who did it; None if not known.
        action: what was done, e.g. ``tasks.assigned``; empty for a plain write.
        origin: whether it was done here or noticed in the system of record.
        changed: names of what changed, what changed in data as ``data.<key>``; empty when it came to be or was removed.
    """

    version: int
    type: str
    at: datetime
    by: str | None
    action: str = ""
    origin: RecordOrigin
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryAge:
    """How old what is known of a record is; see ``FoundRecord``."""

    as_of: datetime | None = None
    stale_since: datetime | None = None


class RecordHistories(ABC):
    """Histories of records that are there, and of those that were removed, for who could see them then.

    A history begins when the record came to be, or came to its present scope, and for those who see it only because it
    is public when it became that: what was before is not theirs to see who see it now. Every method returns None when
    there is no such record for the person, and raises ``HistoryNotKeptError`` when the store does not remember,
    ``UnavailableError`` when it does not answer.
    """

    async def age_async(self, username: str, record_id: int) -> HistoryAge:
        """Return how old what is known of a record is, as fresh as can be; to be asked for before its history."""
        del username, record_id
        return HistoryAge()

    @abstractmethod
    async def entries_async(
        self, username: str, record_id: int, *, limit: int, before: int | None = None
    ) -> list[RecordHistoryEntry] | None:
        """Return what happened, newest first, at most ``limit`` entries.

        Args:
            before: only versions below this.
        """

    @abstractmethod
    async def at_version_async(self, username: str, record_id: int, version: int) -> LabsRecord | None:
        """Return the record as it was at a version; None also when it was removed, or has no such version."""

    @abstractmethod
    async def version_async(self, username: str, record_id: int) -> int | None:
        """Return the version of the record as it is now, or was removed with."""
