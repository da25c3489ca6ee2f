"""Writes that wait for a system of record that cannot be reached, because whoever made them asked for that."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.kernel.errors import DomainError
from domain.records.values import LabsRecord, RecordItem


class QueuedState(StrEnum):
    """How far a queued write has come."""

    WAITING = "waiting"
    """It has not been sent, or surely not been taken."""
    SENDING = "sending"
    """It is being sent, or nobody knows yet whether it was taken."""
    SENT = "sent"
    CONFLICT = "conflict"
    """A record is not what the writer had read; somebody has to choose."""
    REFUSED = "refused"
    """The system of record does not take it; see the error."""
    DROPPED = "dropped"
    """Somebody chose what was there."""


class Keep(StrEnum):
    """Which version a conflict is resolved to."""

    MINE = "mine"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedWrite:
    """A batch of items, or records to remove, on somebody's behalf.

    Attributes:
        id: sorts by the time it was queued.
        items: to be written, all or none; those that change a record carry it as the writer had read it.
        removals: ids of records to remove, when there are no items.
        expected: the one record to remove, as the writer had read it; None for several.
        builds_on_queued: whether it was decided upon what earlier queued writes lead to; it must replace nothing else.
        written: ids of the records that it led to, once sent.
        conflict_id: the record that is not as expected; None without a conflict.
        theirs: that record as it is; None when it is gone.
        error: why it was refused, or why it was not sent when last tried.
    """

    id: str
    username: str
    items: tuple[RecordItem, ...] = ()
    removals: tuple[int, ...] = ()
    expected: LabsRecord | None = None
    action: str = ""
    builds_on_queued: bool = False
    state: QueuedState = QueuedState.WAITING
    queued_at: datetime
    attempts: int = 0
    tried_at: datetime | None = None
    written: tuple[int, ...] = ()
    conflict_id: int | None = None
    theirs: LabsRecord | None = None
    error: str | None = None


class NothingToResolveError(DomainError):
    """A queued write is in no conflict, or not any more."""

    def __init__(self, write_id: str) -> None:
        super().__init__(f"queued write {write_id} is in no conflict")


class OutboxFullError(DomainError):
    """Too many writes of one person wait."""

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} writes wait already; wait until some of them are sent, or resolve conflicts")


class RecordsOutbox(ABC):
    """Keeps writes durably and sends them: in order per person and scope, nothing twice that was taken.

    Every method raises ``UnavailableError`` when it gives no answer.
    """

    @abstractmethod
    async def put_async(
        self,
        username: str,
        items: Sequence[RecordItem] = (),
        *,
        removals: Sequence[int] = (),
        expected: LabsRecord | None = None,
        action: str = "",
        builds_on_queued: bool = False,
    ) -> QueuedWrite:
        """Keep a write.

        Raises:
            ScopeNotFoundError: an item names a scope that is not theirs.
            OutboxFullError: too many of theirs wait.
        """

    @abstractmethod
    async def send_now_async(self, write_id: str) -> QueuedWrite:
        """Send a write, after those of the same person that wait before it, if that is possible now.

        One that conflicts or is refused at once is not kept.

        Returns:
            The write as it is then: sent, or waiting.

        Raises:
            What ``LabsRecordRepository`` raises for a write that it does not take.
        """

    @abstractmethod
    async def list_async(self, username: str | None, *, after: str | None = None, limit: int = 50) -> list[QueuedWrite]:
        """Return somebody's writes, or with None everybody's, oldest first: those with ids above ``after``."""

    @abstractmethod
    async def unsettled_async(self, username: str, record_id: int) -> list[QueuedWrite]:
        """Return somebody's writes of a record that wait or conflict, oldest first."""

    @abstractmethod
    async def get_async(self, write_id: str) -> QueuedWrite | None:
        """Return a write; None when there is none."""

    @abstractmethod
    async def resolve_async(self, write_id: str, keep: Keep) -> QueuedWrite:
        """Settle a conflict: send what was queued over what is there, or give it up.

        Raises:
            NothingToResolveError: there is none.
        """
