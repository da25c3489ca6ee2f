"""Answers kept under the key that a caller gave, so that a repeated request gets its first answer again."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it was sent: status, the headers worth repeating, and the body."""

    status: int
    headers: dict[str, str]
    body: bytes


class ClaimOutcome(StrEnum):
    """What a key was found to be."""

    CLAIMED = "claimed"
    """It was free, or its holder gave no answer in time: the caller goes on and answers."""
    ANSWERED = "answered"
    RUNNING = "running"
    """The first request with it is still being worked on."""
    OTHER_REQUEST = "other_request"
    """It was used for a request with another body."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What asking for a key gave. ``token`` is set when claimed, ``answer`` when answered."""

    outcome: ClaimOutcome
    token: str = ""
    answer: StoredAnswer | None = None


class IdempotencyKeys(ABC):
    """Raises ``UnavailableError`` when the store does not answer."""

    @abstractmethod
    async def claim_async(self, key: str, fingerprint: str) -> Claim:
        """Take a key for a request.

        Args:
            key: digest of who asks, for what, under which key.
            fingerprint: digest of the body.
        """

    @abstractmethod
    async def keep_async(self, key: str, token: str, answer: StoredAnswer) -> None:
        """Keep the answer; nothing happens when the claim was lost meanwhile."""

    @abstractmethod
    async def release_async(self, key: str, token: str) -> None:
        """Give a claimed key back without an answer: the request may be tried again."""
