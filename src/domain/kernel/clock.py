"""The one source of "now", so that decisions and tests can be told what time it is."""

from abc import ABC, abstractmethod
from datetime import UTC, datetime


class Clock(ABC):
    """Tells the time."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the current time: aware, in UTC, in whole milliseconds (what the store keeps)."""


class SystemClock(Clock):
    """The machine's clock."""

    def now(self) -> datetime:
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)
