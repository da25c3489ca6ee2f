"""Being woken when a log grows. Readers go by position, so a missed wake-up costs time and never an event."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from domain.kernel.errors import UnavailableError
from integration.mongo.driver import MongoDriver, is_outage

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
MANY_KNOWN = 50
"""After so many changes in a row that this process made itself, asking now and then is cheaper than hearing of each."""
BUSY_SECONDS = 0.02
QUIET_SECONDS = 0.5


class LogWatch:
    """Knows how far a log has grown: from this process at once, from others by a change stream, else by polling."""

    def __init__(self, driver: MongoDriver, collection: str, read_head: Callable[[], Awaitable[int]]) -> None:
        self._driver = driver
        self._collection = collection
        self._read_head = read_head
        self._seen = 0
        self._grown = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def last_seen(self) -> int:
        """Position of the last commit seen so far."""
        return self._seen

    def saw(self, position: int) -> None:
        """Note that the log has a commit at ``position`` and wake whoever waits for it."""
        if position > self._seen:
            self._seen = position
            grown, self._grown = self._grown, asyncio.Event()
            grown.set()

    async def wait_beyond_async(self, position: int, timeout_seconds: float) -> bool:
        """Wait until the log has a commit after ``position``; False when the time is over."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch_for_ever(), name=f"watch-{self._collection}")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        while self._seen <= position:
            left = deadline - loop.time()
            if left <= 0:
                return False
            try:
                await asyncio.wait_for(self._grown.wait(), min(left, POLL_SECONDS))
            except TimeoutError:
                self.saw(await self._read_head())
        return True

    async def close_async(self) -> None:
        """Stop watching."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch_for_ever(self) -> None:
        pipeline: list[dict[str, Any]] = [{"$match": {"operationType": "insert"}}, {"$project": {"documentKey": 1}}]
        while True:
            try:
                async with self._driver.watch(self._collection, pipeline, max_await_time_ms=1000) as changes:
                    known = 0
                    async for change in changes:
                        position = change["documentKey"]["_id"]
                        known = 0 if position > self._seen else known + 1
                        self.saw(position)
                        if known == MANY_KNOWN:
                            break
                await self._ask_until_quiet_async()
            except UnavailableError:
                await asyncio.sleep(POLL_SECONDS)
            except PyMongoError as error:
                if not is_outage(error):
                    log.warning("change_stream_failed", collection=self._collection, error=str(error))
                await asyncio.sleep(POLL_SECONDS)

    async def _ask_until_quiet_async(self) -> None:
        """Ask for the head until the log has stood still for a while: a stream would tell each commit of thousands."""
        quiet = 0.0
        while quiet < QUIET_SECONDS:
            before = self._seen
            await asyncio.sleep(BUSY_SECONDS)
            self.saw(await self._read_head())
            quiet = 0.0 if self._seen > before else quiet + BUSY_SECONDS
