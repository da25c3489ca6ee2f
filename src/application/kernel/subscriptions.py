"""The contract of a durable subscription: who wants which facts, and what happens when that fails."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from application.kernel.event_feed import RecordedFact


class AfterParking(StrEnum):
    """What becomes of later events of a stream that has a parked event."""

    WAIT = "wait"
    """They are set aside untried and follow by themselves, in order, once the parked one is replayed or dropped."""
    PARK = "park"
    """They are parked as well; each is replayed by hand."""


class Subscriber(ABC):
    """Acts on facts of one log: in order, at least once. The effect must be idempotent on the event's id.

    Attributes:
        name: stable name; the checkpoint is kept under it.
        log: the log it reads.
        event_types: stored type names it wants; None for all.
        max_attempts: tries before an event is parked.
        after_parking: what later events of the same stream do then.
        start_at_head: whether a new subscription starts at the end of the log rather than at its beginning.
    """

    name: str
    log: str
    event_types: frozenset[str] | None = None
    max_attempts: int = 5
    after_parking: AfterParking = AfterParking.WAIT
    start_at_head: bool = False

    @abstractmethod
    async def handle_async(self, fact: RecordedFact) -> None:
        """Act on one fact. Any exception counts as a failed try."""


class Projector(ABC):
    """Turns facts of one log into a read model, a batch at a time, exactly once.

    Attributes:
        name: stable name of the read model, e.g. ``lab_records``.
        log: the log it reads.
        event_types: stored type names it wants; None for all.
        version: raise it when the documents change shape; the model is rebuilt at the next start.
    """

    name: str
    log: str
    event_types: frozenset[str] | None = None
    version: int = 1

    @abstractmethod
    async def prepare_async(self, target: Any) -> None:
        """Make indexes on an empty target. ``target`` is the store's own collection."""

    @abstractmethod
    async def project_async(self, facts: Sequence[RecordedFact], target: Any, session: Any) -> None:
        """Apply facts in order. The store commits this and the checkpoint together, so it may be run again."""


@dataclass(frozen=True, slots=True)
class SubscriptionStatus:
    """How a subscription stands.

    Attributes:
        lag: commits between its checkpoint and the end of its log.
        waiting: events that wait behind a parked one of their stream.
        holder: the process that reads for it; None when none does.
        last_error: why it does not get on; None when all is well.
    """

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


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """An event that a subscription gave up on, or that waits behind one.

    ``state`` is ``parked`` or ``waiting``.
    """

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


class Subscriptions(ABC):
    """Administration of the subscriptions."""

    @abstractmethod
    async def list_async(self) -> list[SubscriptionStatus]:
        """Return how each subscription of this installation stands, by name."""

    @abstractmethod
    async def list_parked_async(self, name: str, limit: int, after: str | None) -> list[ParkedEvent] | None:
        """Return parked and waiting events, oldest first; None when there is no such subscription."""

    @abstractmethod
    async def replay_async(self, name: str, parked_id: str) -> str | None:
        """Try a parked event again now.

        Returns:
            ``replayed``, ``failed`` (it stays parked, with the new error), ``blocked`` (an earlier one of its stream is
            parked), or None when there is no such event.
        """

    @abstractmethod
    async def drop_async(self, name: str, parked_id: str) -> bool:
        """Give a parked event up for good; events that waited behind it go on. False when there is none."""


@dataclass(frozen=True, slots=True)
class ReadModelStatus:
    """How a read model stands.

    Attributes:
        of_each_process: whether every process keeps one for itself, of which this process's is told. A rebuild is done
            by all of them, each on its own.
        last_error: why the one of this process does not get on; None when all is well.
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
    of_each_process: bool = False
    last_error: str | None = None


class OwnReadModel(ABC):
    """A read model that each process keeps for itself, e.g. in files; shown and rebuilt among the others.

    Attributes:
        name: stable name, e.g. ``specimen_table``.
        log: the log it follows.
    """

    name: str
    log: str

    @property
    @abstractmethod
    def failure(self) -> str | None:
        """Why it does not get on, None when all is well."""

    @abstractmethod
    async def read_model_async(self) -> ReadModelStatus:
        """Return how this process's own stands."""

    @abstractmethod
    async def rebuild_async(self, on_progress: Any = None) -> Any:
        """Build this process's own anew beside the serving one, then swap, and have all other processes do the same.

        ``on_progress`` as in ``ReadModels``; it tells of this process.
        """

    @abstractmethod
    async def wait_for_async(self, position: int, timeout_seconds: float) -> bool:
        """Wait until this process's own has seen a position; False when the time is over."""


class ReadModels(ABC):
    """Administration of the read models."""

    @abstractmethod
    async def read_models_async(self) -> list[ReadModelStatus]:
        """Return how each read model stands, by name."""

    @abstractmethod
    async def rebuild_async(self, name: str, on_progress: Any = None) -> ReadModelStatus | None:
        """Build the model anew beside the serving one, then swap; None when there is no such model.

        ``on_progress`` is awaited with (position, head) after each batch.
        """

    @abstractmethod
    async def wait_async(self, name: str, position: int, timeout_seconds: float) -> bool:
        """Wait until the model has seen a position; False when the time is over."""
