"""What the webhooks use cases need from outside."""

from abc import ABC, abstractmethod
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SendResult:
    """What came of one call.

    Attributes:
        delivered: whether the receiver answered 2xx.
        status: its answer's status; None when there was no answer.
        duration_ms: how long that took, in milliseconds.
        error: why it is not delivered; None when it is.
        answer: beginning of the answer's body as text, without the secret; empty without one.
        retry_after_seconds: when the receiver wants to be asked again; None if it did not say.
    """

    delivered: bool
    status: int | None
    duration_ms: int
    error: str | None
    answer: str = ""
    retry_after_seconds: float | None = None


class WebhookSender(ABC):
    """Signs and sends."""

    @abstractmethod
    async def send_async(self, webhook_id: str, url: str, message_id: str, body: bytes) -> SendResult:
        """Send a CloudEvent once, signed with the webhook's secret. A receiver's failure is a result, not an error.

        Args:
            message_id: the same whenever the same message is sent again.

        Raises:
            UnavailableError: the secret cannot be looked up right now; nothing was sent.
        """
