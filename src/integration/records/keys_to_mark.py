"""Collecting keys for a moment, to write about all of them at once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

from domain.kernel.errors import UnavailableError

PAUSE_SECONDS = 0.02
AGAIN_SECONDS = 1.0
log = logging.getLogger("labkeeper.records")


class KeysToMark:
    """Hands keys over soon after they were added, and again until that succeeds.

    Args:
        mark: writes about keys.
    """

    def __init__(self, mark: Callable[[Collection[str]], Awaitable[None]]) -> None:
        self._mark = mark
        self._waiting: set[str] = set()
        self._one_at_a_time = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def add(self, keys: Collection[str]) -> None:
        """Hand these over within moments."""
        self._waiting |= set(keys)
        if self._waiting and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._hand_over(), name="mark-scopes")

    async def flush_async(self) -> None:
        """Hand over what waits, and wait for what is being handed over.

        Raises:
            UnavailableError: it could not be; it still waits.
        """
        async with self._one_at_a_time:
            keys, self._waiting = self._waiting, set()
            if not keys:
                return
            try:
                await self._mark(keys)
            except BaseException:
                self._waiting |= keys
                raise

    async def stop_async(self) -> None:
        """Hand over what waits, if that is possible, and stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        try:
            await self.flush_async()
        except UnavailableError as error:
            log.warning("scopes %s were not marked: %s", sorted(self._waiting), error)

    async def _hand_over(self) -> None:
        pause = PAUSE_SECONDS
        while self._waiting:
            await asyncio.sleep(pause)
            try:
                await self.flush_async()
                pause = PAUSE_SECONDS
            except UnavailableError:
                pause = AGAIN_SECONDS
