"""Ids of new records: whole numbers in order, each given once, whichever process asks.

Documents of the collection ``record_ids``: ``{_id: "labs-record", last}`` counts;
``{_id: "given:<command id>", first, count, expires_at}`` remembers what a repeatable command was given, so that its
repetition makes the same records and no new ones.
"""

from datetime import timedelta
from typing import Any

from domain.kernel.clock import Clock
from integration.mongo.driver import MongoDriver, translating_outages

COLLECTION = "record_ids"
COUNTER = "labs-record"
REMEMBERED_FOR = timedelta(days=2)
LARGEST_LEAP = 2**31
"""An id further beyond the last one than this does not move the counter: a slip of one digit too many must not use up
what is left. Whoever meets such an id later is given another."""


class RecordIds:
    """Gives ids."""

    def __init__(self, driver: MongoDriver, clock: Clock) -> None:
        self._collection = driver.collection(COLLECTION)
        self._clock = clock

    async def prepare_async(self) -> None:
        """Make the counter and let old commands be forgotten."""
        with translating_outages("the id store"):
            await self._collection.create_index("expires_at", expireAfterSeconds=0)
            await self._collection.update_one({"_id": COUNTER}, {"$setOnInsert": {"last": 0}}, upsert=True)

    async def next_async(self, count: int, command_id: str | None = None) -> list[int]:
        """Return so many new ids, in order.

        Args:
            command_id: of a command that may come again; it is then given the same ids.
        """
        if count == 0:
            return []
        key = f"given:{command_id}"
        with translating_outages("the id store"):
            if command_id is not None:
                given = await self._collection.find_one({"_id": key})
                if given is not None and given["count"] == count:
                    return list(range(given["first"], given["first"] + count))
            counter: dict[str, Any] = await self._collection.find_one_and_update(
                {"_id": COUNTER}, {"$inc": {"last": count}}, upsert=True, return_document=True
            )  # type: ignore[assignment]  # an upsert leaves nothing to find
            first = int(counter["last"]) - count + 1
            if command_id is not None:
                note = {"first": first, "count": count, "expires_at": self._clock.now() + REMEMBERED_FOR}
                await self._collection.update_one({"_id": key}, {"$set": note}, upsert=True)
        return list(range(first, first + count))

    async def skip_async(self, record_id: int) -> None:
        """Give no id up to this one any more, because somebody chose it."""
        with translating_outages("the id store"):
            await self._collection.update_one(
                {"_id": COUNTER, "last": {"$lt": record_id, "$gte": record_id - LARGEST_LEAP}},
                {"$set": {"last": record_id}},
            )
