"""Ids of imports."""

from secrets import token_hex

from domain.kernel.clock import Clock


class ImportIds:
    """Makes ids that sort by time: eleven hex digits of milliseconds, then randomness."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def next(self) -> str:
        """Return an id that nobody has."""
        return f"{int(self._clock.now().timestamp() * 1000):011x}{token_hex(8)}"
