"""The one source of "now", so that decisions and tests can be told what time it is."""

from abc import ABC, abstractmethod
from datetime import UTC, datetime


class Clock(ABC):
    """Tells the time."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the current time, always aware and in UTC."""


class SystemClock(Clock):
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)
