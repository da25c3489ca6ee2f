"""Sending one message, and when it is tried again."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.labops.alert_channel import ChannelKind


class SendFate(StrEnum):
    """What became of a message."""

    TAKEN = "taken"
    NOT_TAKEN = "not_taken"
    """Certainly not taken; trying again may help."""
    REFUSED = "refused"
    """Certainly not taken, and trying again does not help."""
    UNKNOWN = "unknown"
    """It was sent and no answer came: it may have been taken."""


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """What came of one call.

    Attributes:
        status: of the HTTP answer; None when there was none.
        error: None when it was taken.
        retry_after_seconds: when the other side said to try again; None when it did not.
    """

    fate: SendFate
    status: int | None
    duration_ms: int
    error: str | None = None
    retry_after_seconds: float | None = None


class ChannelSender(ABC):
    """Sends to addresses outside, at most four messages a second to the same one."""

    @abstractmethod
    async def wait_for_turn_async(self, url: str) -> None:
        """Return when one more message may be sent to an address; to be called before each."""

    @abstractmethod
    async def send_async(
        self, channel_id: str, kind: ChannelKind, url: str, message_id: str, body: bytes
    ) -> SendOutcome:
        """Send once, now. A receiver's failure is an outcome, not an error.

        Raises:
            UnavailableError: what is needed for sending cannot be looked up; nothing was sent.
        """


@dataclass(frozen=True, slots=True)
class NotificationSchedule:
    """Waits that double, up to a number of tries.

    Attributes:
        first_seconds, cap_seconds: first and longest wait that nobody asked for.
        longest_asked_seconds: how long a receiver's ``Retry-After`` is followed at most.
        most_tries: after so many it is given up.
    """

    first_seconds: float = 1.0
    cap_seconds: float = 300.0
    longest_asked_seconds: float = 3600.0
    most_tries: int = 12

    def next_at(self, now: datetime, failures: int, retry_after_seconds: float | None) -> datetime | None:
        """Return when to try again after so many failures, from 1; None when it is to be given up."""
        if failures >= self.most_tries:
            return None
        wait = min(self.cap_seconds, self.first_seconds * 2.0 ** (failures - 1))
        asked = min(retry_after_seconds or 0.0, self.longest_asked_seconds)
        return now + timedelta(seconds=max(wait, asked))
