"""When a call is made again, and after how long."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random

IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
PATIENCE_SECONDS = 3.0
"""How long somebody who waits for an answer is kept for the sake of another attempt, over all waits of a call."""
RETRIED_STATUSES = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full jitter.

    Attributes:
        attempts: calls in all, the first included.
        base_seconds: upper bound of the first wait; doubles with every further one.
        cap_seconds: upper bound of every wait that the other side did not ask for.
    """

    attempts: int = 3
    base_seconds: float = 0.2
    cap_seconds: float = 5.0

    def wait_seconds(self, attempt: int, retry_after_seconds: float | None, random: Random) -> float:
        """Return the wait after the given attempt (from 1): jitter, but never less than what was asked for."""
        jittered = random.uniform(0, min(self.cap_seconds, self.base_seconds * 2 ** (attempt - 1)))
        return max(jittered, retry_after_seconds or 0.0)


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read ``Retry-After`` as seconds from now, never negative; None when absent or unreadable."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max((at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds(), 0.0)
