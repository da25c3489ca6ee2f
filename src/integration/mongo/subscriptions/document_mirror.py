"""A collection mirrored in memory through a change stream, for what is read on every request."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import structlog
from pymongo.errors import PyMongoError

from integration.mongo.driver import MongoDocument, MongoDriver, is_outage, translating_outages

log = structlog.get_logger(__name__)

FRESH_SECONDS = 3.0
T = TypeVar("T")


class DocumentMirror(Generic[T]):
    """Knows all documents of a small collection, or knows that it does not know.

    While the change stream is silent for too long nothing is trusted, and every question goes to the database.

    Args:
        parse: makes the value out of a document.
    """

    def __init__(self, driver: MongoDriver, collection: str, parse: Callable[[MongoDocument], T]) -> None:
        self._driver = driver
        self._name = collection
        self._parse = parse
        self._known: dict[str, T] = {}
        self._alive_at = float("-inf")
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to follow."""
        self._task = asyncio.create_task(self._follow_for_ever(), name=f"mirror-{self._name}")

    async def stop_async(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._alive_at = float("-inf")

    def put(self, key: str, value: T) -> None:
        """Take over what this process has just written itself."""
        self._known[key] = value

    def fresh(self, key: str) -> T | None:
        """Return a value if that is certain without asking the database; None otherwise."""
        return self._known.get(key) if time.monotonic() - self._alive_at <= FRESH_SECONDS else None

    async def get_async(self, key: str) -> T | None:
        """Return a value; None when there is none."""
        if time.monotonic() - self._alive_at <= FRESH_SECONDS:
            return self._known.get(key)
        with translating_outages():
            found = await self._driver.collection(self._name).find_one({"_id": key})
        return self._parse(found) if found else None

    async def _follow_for_ever(self) -> None:
        while True:
            try:
                async with self._driver.watch(
                    self._name, [], full_document="updateLookup", max_await_time_ms=1000
                ) as changes:
                    await changes.try_next()
                    documents = await self._driver.collection(self._name).find({}).to_list(None)
                    self._known = {str(one["_id"]): self._parse(one) for one in documents}
                    while True:
                        self._alive_at = time.monotonic()
                        change = await changes.try_next()
                        if change is not None:
                            self._take(change)
            except PyMongoError as error:
                self._alive_at = float("-inf")
                if not is_outage(error):
                    log.warning("change_stream_failed", collection=self._name, error=str(error))
                await asyncio.sleep(1.0)

    def _take(self, change: dict[str, Any]) -> None:
        key = change.get("documentKey", {}).get("_id")
        document = change.get("fullDocument")
        if document is not None:
            self._known[str(key)] = self._parse(document)
        elif change.get("operationType") == "delete":
            self._known.pop(str(key), None)
