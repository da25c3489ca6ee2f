"""Reading recorded events, independent of where they are stored."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import msgspec

from domain.kernel.domain_event import RecordedDomainEvent


class RecordedFact(msgspec.Struct, frozen=True):
    """A stored event with where and why it was stored.

    A struct, because a catch-up makes tens of thousands in a second and a frozen dataclass takes nine times as long.

    Attributes:
        log: name of its log, e.g. ``labs``.
        position: dense position of its commit in the log, from 1; events of one commit share it.
        index: place of the event inside its commit, from 0.
        stream: its stream, e.g. ``lab-record-<id>``.
        event: the typed event; ``event.event_id`` is unique, ``event.aggregate_version`` its version in the stream.
        stored_at: when the commit was made, aware UTC.
        actor, correlation_id, causation_id, traceparent: from whom and in what connection; None if not known.
        command_id: what made its commit idempotent; says of which row of an import it is. None if not known.
    """

    log: str
    position: int
    index: int
    stream: str
    event: RecordedDomainEvent
    stored_at: datetime
    actor: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None
    command_id: str | None = None


@dataclass(frozen=True, slots=True)
class CorruptFact:
    """A stored event that cannot be read, and where it stands."""

    log: str
    position: int
    index: int
    stream: str
    event_id: str
    event_type: str
    error: str


class EventFeed(ABC):
    """One log, read by position. Raises ``UnavailableError`` when the store does not answer."""

    log: str

    @property
    @abstractmethod
    def last_seen(self) -> int:
        """Position of the last commit that this process knows of, without asking the store."""

    @abstractmethod
    async def head_async(self) -> int:
        """Return the position of the last commit; 0 when the log is empty."""

    @abstractmethod
    async def read_log_async(
        self,
        after: int,
        limit: int,
        event_types: Collection[str] | None = None,
        corrupt: list[CorruptFact] | None = None,
    ) -> tuple[list[RecordedFact], int]:
        """Return facts of up to ``limit`` commits after a position, and the position read up to.

        With ``event_types`` only these are returned, yet the position read up to counts all. Events that cannot be
        read are added to ``corrupt`` when it is given and left out.

        Raises:
            UndecodableEventError: a stored event cannot be read and ``corrupt`` is not given.
        """

    @abstractmethod
    async def wait_beyond_async(self, position: int, timeout_seconds: float) -> bool:
        """Wait until the log has a commit after ``position``; False when the time is over."""


class EventStreams(ABC):
    """Single streams of one log. Raises ``UnavailableError`` when the store does not answer."""

    @abstractmethod
    async def read_stream_async(
        self,
        stream: str,
        *,
        after: int = 0,
        limit: int | None = None,
        backwards: bool = False,
        until: datetime | None = None,
    ) -> list[RecordedFact]:
        """Return facts of a stream in order of version.

        Args:
            after: versions above this; with ``backwards`` versions up to this (0: from the end), newest first.
            limit: at most so many; None for all.
            until: only what happened no later than this.

        Raises:
            UndecodableEventError: a stored event cannot be read.
        """
