"""How far each subscription and read model has come, fenced so that a holder that lost its lease cannot write.

Document of the collection ``checkpoints``: ``{_id, log, position, token, at}``; a read model's also says which
collection serves it: ``{collection, generation, version, rebuilt_at}``.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from domain.kernel.clock import Clock
from domain.kernel.errors import LabkeeperError
from integration.mongo.driver import MongoDriver, MongoSession, translating_outages

COLLECTION = "checkpoints"


class CheckpointMovedError(LabkeeperError):
    """Another process has moved the checkpoint on: whoever wrote this no longer holds the subscription."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a reader stands. The last four are empty for a subscription that keeps no read model."""

    id: str
    log: str
    position: int
    collection: str = ""
    generation: int = 0
    version: int = 0
    rebuilt_at: datetime | None = None


class Checkpoints:
    """Reads and moves checkpoints."""

    def __init__(self, driver: MongoDriver, clock: Clock) -> None:
        self._collection = driver.collection(COLLECTION)
        self._clock = clock

    async def get_async(self, checkpoint_id: str) -> Checkpoint | None:
        """Return a checkpoint; None when its reader never started."""
        with translating_outages("the checkpoint store"):
            found = await self._collection.find_one({"_id": checkpoint_id})
        return checkpoint_of(found) if found else None

    async def list_async(self, prefix: str) -> list[Checkpoint]:
        """Return the checkpoints whose id starts with ``prefix``."""
        with translating_outages("the checkpoint store"):
            found = await self._collection.find({"_id": {"$regex": f"^{re.escape(prefix)}"}}).to_list(None)
        return [checkpoint_of(document) for document in found]

    async def start_async(self, checkpoint: Checkpoint) -> Checkpoint:
        """Create a checkpoint unless there is one; return the one there is."""
        values = {
            "log": checkpoint.log,
            "position": checkpoint.position,
            "token": 0,
            "collection": checkpoint.collection,
            "generation": checkpoint.generation,
            "version": checkpoint.version,
            "rebuilt_at": checkpoint.rebuilt_at,
            "at": self._clock.now(),
        }
        with translating_outages("the checkpoint store"):
            await self._collection.update_one({"_id": checkpoint.id}, {"$setOnInsert": values}, upsert=True)
        return await self.get_async(checkpoint.id) or checkpoint

    async def move_async(
        self, checkpoint: Checkpoint, position: int, token: int, session: MongoSession | None = None
    ) -> None:
        """Move a checkpoint on from where the caller believes it to be.

        Raises:
            CheckpointMovedError: it is elsewhere, or a later holder has written.
        """
        expected = {
            "_id": checkpoint.id,
            "position": checkpoint.position,
            "generation": checkpoint.generation,
            "token": {"$lte": token},
        }
        change = {"$set": {"position": position, "token": token, "at": self._clock.now()}}
        moved = await self._collection.update_one(expected, change, session=session)
        if moved.matched_count == 0:
            raise CheckpointMovedError(f"{checkpoint.id} is no longer at {checkpoint.position}")

    async def swap_async(self, old: Checkpoint, new: Checkpoint) -> bool:
        """Let another collection serve a read model, if it has seen at least as much; False when it has not."""
        expected = {"_id": old.id, "generation": old.generation, "position": {"$lte": new.position}}
        change = {
            "position": new.position,
            "collection": new.collection,
            "generation": new.generation,
            "version": new.version,
            "rebuilt_at": self._clock.now(),
        }
        with translating_outages("the checkpoint store"):
            swapped = await self._collection.update_one(expected, {"$set": change})
        return swapped.matched_count == 1


def checkpoint_of(document: dict[str, object]) -> Checkpoint:
    """Return the checkpoint that a stored document holds."""
    names = ("log", "position", "collection", "generation", "version", "rebuilt_at")
    values = {name: document[name] for name in names if name in document}
    return Checkpoint(id=str(document["_id"]), **values)  # type: ignore[arg-type]  # written by this module only
