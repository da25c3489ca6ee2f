"""What Connect said last about who belongs where, so that a restart during an outage forgets nobody.

Document of the collection ``access_memberships``: ``{_id: username, told: the answer as JSON text, at: time}``. MongoDB
removes it a day later.
"""

import json
from datetime import datetime
from typing import Any

from integration.mongo.driver import MongoDriver, translating_outages

COLLECTION = "access_memberships"
_DAY_SECONDS = 24 * 3600
_outages = "the memberships"


class MongoMembershipArchive:
    """Keeps one answer per person."""

    def __init__(self, driver: MongoDriver) -> None:
        self._answers = driver.collection(COLLECTION)

    async def prepare_async(self) -> None:
        """Make the index; to be called before anything starts."""
        with translating_outages(_outages):
            await self._answers.create_index("at", expireAfterSeconds=_DAY_SECONDS)

    async def keep_async(self, username: str, told: Any, at: datetime) -> None:
        """Remember an answer instead of the one before."""
        document = {"told": json.dumps(told), "at": at}
        with translating_outages(_outages):
            await self._answers.update_one({"_id": username}, {"$set": document}, upsert=True)

    async def forget_async(self, username: str) -> None:
        """Forget what was said of somebody: it turned out to be wrong."""
        with translating_outages(_outages):
            await self._answers.delete_one({"_id": username})

    async def recall_async(self, username: str) -> tuple[Any, datetime] | None:
        """Return the last answer and when it was given; None when there is none."""
        with translating_outages(_outages):
            found = await self._answers.find_one({"_id": username})
        return None if found is None else (json.loads(found["told"]), found["at"])
