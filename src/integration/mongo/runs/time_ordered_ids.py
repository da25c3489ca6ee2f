"""Ids that sort by the time they were made: UUID version 7 (RFC 9562)."""

import secrets
from collections.abc import Callable
from uuid import UUID

from domain.kernel.clock import Clock

_COUNTER_BITS = 12


class TimeOrderedIds:
    """Makes ids that grow with every call, also within one millisecond and when the clock steps back."""

    def __init__(self, clock: Clock, random_bits: Callable[[int], int] = secrets.randbits) -> None:
        self._clock = clock
        self._random_bits = random_bits
        self._last = 0

    def next(self) -> str:
        """Return a new id, e.g. ``0193a5c2-7f10-7000-8c1e-0d5f3a9b2e44``."""
        milliseconds = int(self._clock.now().timestamp() * 1000)
        self._last = max(milliseconds << _COUNTER_BITS, self._last + 1)
        time, counter = divmod(self._last, 1 << _COUNTER_BITS)
        number = (time << 80) | (7 << 76) | (counter << 64) | (2 << 62) | self._random_bits(62)
        return str(UUID(int=number))
