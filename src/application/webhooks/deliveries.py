"""Deliveries: one fact for one webhook, kept until it has arrived or was given up."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class DeliveryStatus(StrEnum):
    """How a delivery stands."""

    PENDING = "pending"
    """It is sent as soon as its turn comes, for the first time or again. It waits while its webhook is inactive."""
    DELIVERED = "delivered"
    PARKED = "parked"
    """It was given up; later ones of its lane go on. It can be tried again by hand."""


class Lane(NamedTuple):
    """Deliveries of one stream to one webhook: they go out one after the other, in order."""

    webhook_id: str
    stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """A delivery to be made.

    Attributes:
        delivery_id: see :func:`delivery_id_of`; also the ``webhook-id`` that the receiver sees.
        lane: what it must stay in order with.
        log, position, index: where its fact stands.
        event_id, event_type, subject: of its fact; the subject is the aggregate's id.
        body: exactly what is sent, the same at every attempt.
    """

    delivery_id: str
    lane: Lane
    log: str
    position: int
    index: int
    event_id: str
    event_type: str
    subject: str
    body: bytes


@dataclass(frozen=True, slots=True)
class PendingDelivery:
    """The next delivery of a lane.

    Attributes:
        due_at: not to be tried before.
        attempts_made: tries so far, all of them.
        failures: tries since it was queued or was sent again by hand; what the wait grows with.
        trying_since: the first of these tries; None before it.
    """

    delivery_id: str
    lane: Lane
    body: bytes
    due_at: datetime
    attempts_made: int
    failures: int
    trying_since: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """One try: when it began, how long it took, and the answer's status or what went wrong before there was one."""

    at: datetime
    duration_ms: int
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """A delivery as people see it.

    Attributes:
        attempts: the latest tries, oldest first; lists show fewer of them than there were.
        last_answer: beginning of the last answer's body; None without one.
        next_attempt_at: None unless pending.
        settled_at: when it was delivered or parked; None while pending.
    """

    delivery_id: str
    webhook_id: str
    status: DeliveryStatus
    log: str
    position: int
    event_id: str
    event_type: str
    subject: str
    queued_at: datetime
    next_attempt_at: datetime | None
    settled_at: datetime | None
    attempts_made: int
    attempts: list[DeliveryAttempt]
    last_answer: str | None


def delivery_id_of(log: str, event_id: str, webhook_id: str) -> str:
    """Return the id of the one delivery of a fact to a webhook: 32 hexadecimal digits.

    A digest, because ids of facts hold full stops, and those separate the parts of what is signed.
    """
    return hashlib.sha256(f"{log}\n{event_id}\n{webhook_id}".encode()).hexdigest()[:32]


class WebhookDeliveries(ABC):
    """All deliveries. Raises ``UnavailableError`` when the store does not answer."""

    @abstractmethod
    async def queue_async(self, deliveries: Sequence[NewDelivery]) -> None:
        """Keep new deliveries; one that is there already stays as it is."""

    @abstractmethod
    async def list_async(
        self, webhook_id: str, status: DeliveryStatus | None, limit: int, before: tuple[datetime, str] | None
    ) -> list[DeliveryView]:
        """Return deliveries of a webhook, newest first; ``before`` is (queued_at, delivery_id) of the last one seen."""

    @abstractmethod
    async def get_async(self, webhook_id: str, delivery_id: str) -> DeliveryView | None:
        """Return a delivery with all its attempts that are kept; None when there is none."""

    @abstractmethod
    async def retry_async(self, webhook_id: str, delivery_id: str) -> bool:
        """Make a parked or pending delivery due now, with all its time before it; False when it is neither."""

    @abstractmethod
    async def drop_pending_async(self, webhook_id: str) -> int:
        """Forget what is still to be delivered to a webhook; returns how many that were."""


class DeliveryQueue(ABC):
    """What the delivery worker needs. Raises ``UnavailableError`` when the store does not answer."""

    @abstractmethod
    def call_when_due(self, listener: Callable[[Lane], None]) -> None:
        """Have a listener told about each lane in which this process made something due."""

    @abstractmethod
    async def lanes_async(self, touched_since: datetime | None = None) -> list[Lane]:
        """Return the lanes that have something pending; with a time, those where something became due since."""

    @abstractmethod
    async def next_async(self, lane: Lane) -> PendingDelivery | None:
        """Return the first pending delivery of a lane; None when it is empty."""

    @abstractmethod
    async def delivered_async(self, delivery: PendingDelivery, attempt: DeliveryAttempt, answer: str) -> None:
        """Settle a delivery. Like the next two, it does nothing when somebody else has settled or tried it since."""

    @abstractmethod
    async def failed_async(
        self, delivery: PendingDelivery, attempt: DeliveryAttempt, answer: str, next_at: datetime
    ) -> None:
        """Record a try that failed and when the next one is due."""

    @abstractmethod
    async def parked_async(self, delivery: PendingDelivery, attempt: DeliveryAttempt, answer: str) -> None:
        """Record a try that failed and give the delivery up."""
