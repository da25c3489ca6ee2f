"""What this process knows of the read models: which collection serves each, and how far it has come."""

import asyncio
import time
from collections import Counter

import structlog
from pymongo.errors import PyMongoError

from domain.kernel.errors import UnavailableError
from integration.mongo.driver import MongoDriver, is_outage
from integration.mongo.subscriptions.checkpoints import COLLECTION, Checkpoint, Checkpoints, checkpoint_of

log = structlog.get_logger(__name__)

FRESH_SECONDS = 3.0
_PREFIX = "read-model:"


class ReadModelWatch:
    """Follows the checkpoints of all read models, so that answers can be cached without asking the database.

    While the change stream is silent for too long, nothing known is trusted and every question goes to the database.
    """

    def __init__(self, driver: MongoDriver, checkpoints: Checkpoints) -> None:
        self._driver = driver
        self._checkpoints = checkpoints
        self._known: dict[str, Checkpoint] = {}
        self._alive_at = float("-inf")
        self._moved = asyncio.Event()
        self._waiting: Counter[str] = Counter()
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @staticmethod
    def checkpoint_id(name: str) -> str:
        """Return the id of a read model's checkpoint."""
        return _PREFIX + name

    def start(self) -> None:
        """Begin to follow."""
        self._task = asyncio.create_task(self._follow_for_ever(), name="read-model-watch")

    async def stop_async(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def saw(self, checkpoint: Checkpoint) -> None:
        """Take over a newer checkpoint and wake whoever waits."""
        known = self._known.get(checkpoint.id)
        if known is None or (checkpoint.generation, checkpoint.position) > (known.generation, known.position):
            self._known[checkpoint.id] = checkpoint
            moved, self._moved = self._moved, asyncio.Event()
            moved.set()

    def fresh(self, name: str) -> Checkpoint | None:
        """Return where a model stands if that is certain without asking; None otherwise."""
        if time.monotonic() - self._alive_at > FRESH_SECONDS:
            return None
        return self._known.get(_PREFIX + name)

    async def current_async(self, name: str) -> Checkpoint | None:
        """Return where a model stands; None when it was never built."""
        known = self.fresh(name)
        if known is not None:
            return known
        found = await self._checkpoints.get_async(_PREFIX + name)
        if found is not None:
            self.saw(found)
        return found

    async def wait_async(self, name: str, position: int, timeout_seconds: float) -> bool:
        """Wait until a model has seen a position; False when the time is over."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            moved = self._moved
            current = await self.current_async(name)
            if current is not None and current.position >= position:
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._waiting[name] += 1
            self._wanted.set()
            try:
                await asyncio.wait_for(moved.wait(), min(left, 0.5))
            except TimeoutError:
                continue
            finally:
                self._waiting[name] -= 1

    async def until_wanted_async(self, name: str, timeout_seconds: float) -> None:
        """Wait until somebody in this process waits for a model, or the time is over."""
        deadline = time.monotonic() + timeout_seconds
        while not self._waiting[name] and (left := deadline - time.monotonic()) > 0:
            self._wanted.clear()
            try:
                await asyncio.wait_for(self._wanted.wait(), left)
            except TimeoutError:
                return

    async def _follow_for_ever(self) -> None:
        pipeline = [{"$match": {"documentKey._id": {"$regex": f"^{_PREFIX}"}}}]
        while True:
            try:
                async with self._driver.watch(
                    COLLECTION, pipeline, full_document="updateLookup", max_await_time_ms=1000
                ) as changes:
                    change = await changes.try_next()
                    # What moved while nobody watched comes in no change.
                    for checkpoint in await self._checkpoints.list_async(_PREFIX):
                        self.saw(checkpoint)
                    while True:
                        self._alive_at = time.monotonic()
                        if change is not None and change.get("fullDocument"):
                            self.saw(checkpoint_of(change["fullDocument"]))
                        change = await changes.try_next()
            except (PyMongoError, UnavailableError) as error:
                self._alive_at = float("-inf")
                if isinstance(error, PyMongoError) and not is_outage(error):
                    log.warning("change_stream_failed", collection=COLLECTION, error=str(error))
                await asyncio.sleep(1.0)
