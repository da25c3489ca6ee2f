"""How fast a reader follows its log: the first event at once, a steady trickle by the handful."""

import time
from collections.abc import Callable

GATHER_SECONDS = 0.05
FEW_COMMITS = 100


class Pace:
    """Tells how long to let commits gather.

    A read and a moved checkpoint for each of them would take more of the machine than the writers do whom it follows.
    Who is far behind, or was a moment ago, does not wait.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._ended_at = float("-inf")
        self._was_few = False

    def worked(self, commits: int) -> None:
        """Note the end of a batch."""
        self._ended_at = self._monotonic()
        self._was_few = commits < FEW_COMMITS

    def pause_seconds(self, waiting: int) -> float:
        """Return how long the next batch should wait when so many commits are there already."""
        if not self._was_few or waiting >= FEW_COMMITS:
            return 0.0
        return max(self._ended_at + GATHER_SECONDS - self._monotonic(), 0.0)
