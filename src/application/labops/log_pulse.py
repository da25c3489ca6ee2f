"""Whether the log answers: a hung database sends nothing, and what is shown would look as live as ever."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from domain.kernel.errors import UnavailableError

BEAT_SECONDS = 2.0
PATIENCE_SECONDS = 4.5
SILENT = "the database has given no answer for some seconds"


class LogPulse:
    """Asks the log again and again while somebody looks, one question at a time however many they are.

    Args:
        confirm: asks; an ``UnavailableError``, within a few seconds, means that there was no answer.
        tell: is told at every beat without an answer, with True, and once when there is one again, with False.
        beat_seconds: between two questions.
        patience_seconds: so long without an answer is no trouble.
    """

    def __init__(
        self,
        confirm: Callable[[], Awaitable[object]],
        tell: Callable[[bool], None],
        beat_seconds: float = BEAT_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._confirm = confirm
        self._tell = tell
        self._beat_seconds = beat_seconds
        self._patience_seconds = patience_seconds
        self._beating: asyncio.Task[None] | None = None
        self.stopped = False
        """Whether the log has not answered for too long."""

    def start(self) -> None:
        """Ask from now on; nothing happens when that is done already."""
        if self._beating is None:
            self._beating = asyncio.create_task(self._beat_for_ever_async(), name="log-pulse")

    def stop(self) -> None:
        """Ask no more, and forget what was known."""
        if self._beating is not None:
            self._beating.cancel()
        self._beating, self.stopped = None, False

    async def _beat_for_ever_async(self) -> None:
        confirmed = time.monotonic()
        while True:
            try:
                await self._confirm()
            except UnavailableError:
                if time.monotonic() - confirmed >= self._patience_seconds:
                    self.stopped = True
                    self._tell(True)
            else:
                confirmed = time.monotonic()
                if self.stopped:
                    self.stopped = False
                    self._tell(False)
            await asyncio.sleep(self._beat_seconds)
