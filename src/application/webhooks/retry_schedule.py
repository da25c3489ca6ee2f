"""When a failed delivery is tried again, and when it is given up."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """Waits that double, spread a little so that receivers are not hit by all at once.

    Attributes:
        first_seconds: longest first wait.
        cap_seconds: longest wait that the receiver did not ask for.
        longest_asked_seconds: how long a receiver's ``Retry-After`` is followed at most.
        give_up_after: no try begins later than this after the first one.
        spread: share of a wait that chance may take away.
    """

    first_seconds: float = 1.0
    cap_seconds: float = 300.0
    longest_asked_seconds: float = 3600.0
    give_up_after: timedelta = timedelta(hours=24)
    spread: float = 0.2

    def wait_seconds(self, failures: int, retry_after_seconds: float | None, chance: float) -> float:
        """Return the wait after so many failures.

        Args:
            failures: from 1.
            retry_after_seconds: what the receiver asked for; the wait is never shorter, up to the bound.
            chance: 0..1.
        """
        doubled = min(self.cap_seconds, self.first_seconds * 2.0 ** min(failures - 1, 30))
        asked = min(retry_after_seconds or 0.0, self.longest_asked_seconds)
        return max(doubled * (1 - self.spread * chance), asked)

    def next_at(
        self, now: datetime, trying_since: datetime, failures: int, retry_after_seconds: float | None, chance: float
    ) -> datetime | None:
        """Return when to try again; None when the delivery is to be given up."""
        at = now + timedelta(seconds=self.wait_seconds(failures, retry_after_seconds, chance))
        return at if at - trying_since <= self.give_up_after else None
