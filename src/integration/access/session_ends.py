"""Who waits for the end of a session: one question to the store does for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

import structlog

from domain.kernel.errors import UnavailableError

log = structlog.get_logger(__name__)

LOOK_SECONDS = 2.0


class SessionEnds:
    """Wakes those who wait for the end of sessions. Without anybody who waits nothing is asked.

    Args:
        live: those of some sessions that have not ended.
        look_seconds: how long an end in another process, or by time, goes unseen at most.
    """

    def __init__(
        self, live: Callable[[Collection[str]], Awaitable[set[str]]], look_seconds: float = LOOK_SECONDS
    ) -> None:
        self._live = live
        self._look_seconds = look_seconds
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def wait_async(self, session_key: str) -> None:
        """Return once a session is over."""
        ended = asyncio.Event()
        self._waiting.setdefault(session_key, set()).add(ended)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_for_ever_async(), name="session-ends")
        try:
            await ended.wait()
        finally:
            waiting = self._waiting[session_key]
            waiting.discard(ended)
            if not waiting:
                del self._waiting[session_key]
            if not self._waiting:
                self._looking.cancel()
                self._looking = None

    def tell(self, session_key: str) -> None:
        """Wake those who wait for this one."""
        for ended in self._waiting.get(session_key, ()):
            ended.set()

    async def _look_for_ever_async(self) -> None:
        while True:
            await asyncio.sleep(self._look_seconds)
            asked = list(self._waiting)
            try:
                live = await self._live(asked)
            except UnavailableError:
                continue
            except Exception:  # process edge: an end must be noticed whatever happened before
                log.exception("ends_of_sessions_not_seen")
                continue
            for session_key in asked:
                if session_key not in live:
                    self.tell(session_key)
