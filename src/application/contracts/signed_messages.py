"""Sending signed messages to addresses that are no webhooks of the webhooks context."""

from abc import ABC, abstractmethod
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignedMessageAnswer:
    """What came of one call.

    Attributes:
        taken: whether the receiver answered 2xx.
        status: its answer's status; None without an answer.
        duration_ms: how long that took.
        error: why it was not taken; None when it was.
        retry_after_seconds: when the receiver wants to be asked again; None if it did not say.
    """

    taken: bool
    status: int | None
    duration_ms: int
    error: str | None
    retry_after_seconds: float | None = None


class SignedMessages(ABC):
    """Signs as webhooks are signed. Receivers tell repetitions by the message's id, so sending again does no harm."""

    @abstractmethod
    async def begin_async(self, owner_id: str) -> str:
        """Make and keep a secret for whoever is to be told things, or find the one that is kept; return it."""

    @abstractmethod
    async def forget_async(self, owner_id: str) -> None:
        """Forget the secret."""

    @abstractmethod
    async def send_async(self, owner_id: str, url: str, message_id: str, body: bytes) -> SignedMessageAnswer:
        """Send a CloudEvent once. A receiver's failure is an answer, not an error.

        Raises:
            UnavailableError: the secret cannot be looked up right now; nothing was sent.
        """
