"""Notifications: one message for one channel, kept until it was sent, or it is known that it will not be."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

CONFIGURED_CHANNEL = "configured"
"""Stands for the address in ``LABKEEPER_LABOPS_TEAMS_WEBHOOK_URL``."""


class NotificationStatus(StrEnum):
    """How a notification stands."""

    PENDING = "pending"
    SENDING = "sending"
    """It is under way right now."""
    DELIVERED = "delivered"
    DRY_RUN = "dry_run"
    """Its channel was in a dry run when its turn came: nothing was sent."""
    UNCONFIRMED = "unconfirmed"
    """It was sent and the answer got lost. It is not sent again by itself: it may have arrived."""
    PARKED = "parked"
    """It was given up, refused for good or tried too often. It can be sent again by hand."""
    DROPPED = "dropped"
    """Its channel was removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotification:
    """A message to be sent.

    Attributes:
        notification_id: see :func:`notification_id_of`.
        subject: id of the alert, or what else it is about, e.g. ``standup``.
        about: what it says of it: ``raised``, ``updated``, ``resolved``, ``test``, ``standup``, ``summary``.
        body: exactly what is sent.
        repeatable: whether its receiver drops what it has seen before, so that it may be sent twice.
    """

    notification_id: str
    channel_id: str
    subject: str
    about: str
    title: str
    body: bytes
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class DueNotification:
    """A notification whose turn has come. ``failures`` counts tries since it was queued or sent again by hand."""

    notification_id: str
    channel_id: str
    subject: str
    about: str
    title: str
    body: bytes
    failures: int


@dataclass(frozen=True, slots=True)
class NotificationAttempt:
    """One try; ``status`` is the answer's, None without one, ``error`` why it failed, None when it did not."""

    at: datetime
    duration_ms: int
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationView:
    """A notification as people see it; ``body`` is exactly what was, is or would be sent."""

    notification_id: str
    channel_id: str
    subject: str
    about: str
    title: str
    status: NotificationStatus
    body: str
    queued_at: datetime
    next_attempt_at: datetime | None
    settled_at: datetime | None
    attempts_made: int
    attempts: list[NotificationAttempt]


def notification_id_of(cause: str, channel_id: str) -> str:
    """Return the id of the one notification of a cause, e.g. an event's id, to a channel: 32 hexadecimal digits."""
    return hashlib.sha256(f"{cause}\n{channel_id}".encode()).hexdigest()[:32]


class Notifications(ABC):
    """All notifications. Raises ``UnavailableError`` when the store does not answer."""

    @abstractmethod
    async def queue_async(self, notifications: Sequence[NewNotification]) -> None:
        """Keep new notifications; one that is there already stays as it is."""

    @abstractmethod
    async def list_async(
        self, channel_id: str, status: NotificationStatus | None, limit: int, before: tuple[datetime, str] | None
    ) -> list[NotificationView]:
        """Return those of a channel, newest first; ``before`` is (queued_at, id) of the last one seen."""

    @abstractmethod
    async def get_async(self, channel_id: str, notification_id: str) -> NotificationView | None:
        """Return one; None when there is none."""

    @abstractmethod
    async def retry_async(self, channel_id: str, notification_id: str) -> bool:
        """Make one due now that is parked, unconfirmed or waiting; False when it is none of these."""

    @abstractmethod
    async def drop_pending_async(self, channel_id: str) -> None:
        """Give up what is still to be sent to a channel."""


class NotificationQueue(ABC):
    """What the worker needs; it is the only one that sends. Raises ``UnavailableError`` without an answer."""

    @abstractmethod
    def call_when_due(self, listener: Callable[[], None]) -> None:
        """Have a listener told when this process made something due."""

    @abstractmethod
    async def channels_due_async(self, now: datetime) -> list[str]:
        """Return the channels whose first pending notification is due."""

    @abstractmethod
    async def first_due_async(self, channel_id: str, now: datetime) -> DueNotification | None:
        """Return a channel's first pending notification, which stays pending; None when none is due."""

    @abstractmethod
    async def claim_async(self, due: DueNotification, now: datetime) -> bool:
        """Note that one is under way, right before it is; False when it is not due any more as it was returned."""

    @abstractmethod
    async def settle_async(
        self, notification_id: str, status: NotificationStatus, attempt: NotificationAttempt | None
    ) -> None:
        """Settle one that is under way."""

    @abstractmethod
    async def put_off_async(self, notification_id: str, attempt: NotificationAttempt | None, next_at: datetime) -> None:
        """Make one that is under way pending again; with an attempt it counts as a failure."""

    @abstractmethod
    async def confirm_nothing_async(self) -> int:
        """Settle as unconfirmed all that is under way: whoever sent it is gone. Returns how many that were.

        What may be sent twice is due again instead.
        """
