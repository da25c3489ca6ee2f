"""The queue in MongoDB. Every step changes one document: whatever dies in between, the queue says how far it came."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from application.records.records_outbox import QueuedState, QueuedWrite
from domain.kernel.clock import Clock
from domain.records.values import LabsRecord, RecordItem
from integration.mongo.driver import MongoDriver, translating_outages
from integration.records.outbox_documents import Document, document_of, items_text, record_text, write_of

COLLECTION = "records_outbox"
KEPT_FOR = timedelta(days=7)
"""How long a write that is settled can be looked up."""
OPEN = (QueuedState.WAITING.value, QueuedState.SENDING.value)
UNSETTLED = (*OPEN, QueuedState.CONFLICT.value)
_STORE = "the queue of writes"


class OutboxStore:
    """Documents of queued writes; see ``outbox_documents``."""

    def __init__(self, driver: MongoDriver, clock: Clock) -> None:
        self._collection = driver.collection(COLLECTION)
        self._clock = clock

    async def prepare_async(self) -> None:
        """Make the indexes."""
        with translating_outages(_STORE):
            await self._collection.create_index("expires_at", expireAfterSeconds=0)
            await self._collection.create_index([("username", 1), ("_id", 1)])
            await self._collection.create_index([("state", 1), ("_id", 1)])

    async def put_async(self, write: QueuedWrite, correlation: str) -> None:
        """Keep a new write."""
        with translating_outages(_STORE):
            await self._collection.insert_one(document_of(write, correlation))

    async def find_async(self, write_id: str) -> Document | None:
        """Return the document of a write; None when there is none."""
        with translating_outages(_STORE):
            return await self._collection.find_one({"_id": write_id})

    async def remove_async(self, write_id: str) -> None:
        """Forget a write."""
        with translating_outages(_STORE):
            await self._collection.delete_one({"_id": write_id})

    async def list_async(self, username: str | None, after: str | None, limit: int) -> list[QueuedWrite]:
        """Return writes in the order of their ids."""
        which: dict[str, Any] = {"_id": {"$gt": after or ""}}
        if username is not None:
            which["username"] = username
        with translating_outages(_STORE):
            found = await self._collection.find(which).sort("_id", 1).limit(limit).to_list(None)
        return [write_of(one) for one in found]

    async def count_unsettled_async(self, username: str) -> int:
        """Return how many writes of a person wait or conflict."""
        with translating_outages(_STORE):
            return await self._collection.count_documents({"username": username, "state": {"$in": list(UNSETTLED)}})

    async def unsettled_async(self, username: str | None = None) -> list[Document]:
        """Return what waits and what conflicts, oldest first, without its content."""
        which: dict[str, Any] = {"state": {"$in": list(UNSETTLED)}}
        if username is not None:
            which["username"] = username
        with translating_outages(_STORE):
            return (
                await self._collection.find(which, {"items": 0, "theirs": 0, "baseline": 0})
                .sort("_id", 1)
                .to_list(None)
            )

    async def open_for_async(self, username: str, record_ids: Sequence[int], but: str) -> list[Document]:
        """Return a person's other writes that wait and touch one of these records."""
        which = {"username": username, "state": {"$in": list(OPEN)}, "records": {"$in": list(record_ids)}}
        with translating_outages(_STORE):
            found = await self._collection.find(which).sort("_id", 1).to_list(None)
        return [one for one in found if one["_id"] != but]

    async def unsettled_of_async(self, username: str, record_id: int) -> list[QueuedWrite]:
        """Return a person's writes of a record that wait or conflict, oldest first."""
        which = {"username": username, "state": {"$in": list(UNSETTLED)}, "records": record_id}
        with translating_outages(_STORE):
            found = await self._collection.find(which).sort("_id", 1).to_list(None)
        return [write_of(one) for one in found]

    async def claimed_async(self, record_ids: Sequence[int]) -> set[int]:
        """Return which of these records are known to have come from a queued write."""
        which = {"state": QueuedState.SENT.value, "written": {"$in": list(record_ids)}}
        with translating_outages(_STORE):
            found = await self._collection.find(which, {"written": 1}).to_list(None)
        return {one for document in found for one in document["written"]}

    async def sending_async(self, write_id: str, baseline: Sequence[Sequence[int]]) -> None:
        """Note, before it happens, that a write is being sent."""
        changes = {"state": QueuedState.SENDING.value, "baseline": json.dumps(baseline), "tried_at": self._clock.now()}
        await self._change_async(write_id, changes, {"$inc": {"attempts": 1}})

    async def tried_async(self, write_id: str, why: str, *, in_doubt: bool, broke: bool = False) -> None:
        """Note why a write is not settled: it was surely not taken, or nobody knows.

        Args:
            broke: whether the system of record broke at it; that is counted.
        """
        state = QueuedState.SENDING if in_doubt else QueuedState.WAITING
        more = {"$inc": {"breaks": 1}} if broke else None
        await self._change_async(write_id, {"state": state.value, "error": why[:500]}, more)

    async def sent_async(self, write_id: str, written: Sequence[int]) -> None:
        """Note that a write was taken."""
        await self._settled_async(write_id, QueuedState.SENT, {"written": list(written), "error": None})

    async def refused_async(self, write_id: str, why: str) -> None:
        """Note that a write is not taken."""
        await self._settled_async(write_id, QueuedState.REFUSED, {"error": why[:500]})

    async def dropped_async(self, write_id: str) -> bool:
        """Give up a write that is in conflict; False when it is not, or not any more."""
        changes = {"state": QueuedState.DROPPED.value, "expires_at": self._clock.now() + KEPT_FOR}
        return await self._out_of_conflict_async(write_id, changes)

    async def conflict_async(self, write_id: str, record_id: int, theirs: LabsRecord | None, why: str) -> None:
        """Park a write with what is there instead of what its writer had read."""
        changes = {
            "state": QueuedState.CONFLICT.value,
            "conflict_id": record_id,
            "theirs": record_text(theirs),
            "error": why[:500],
        }
        await self._change_async(write_id, changes)

    async def again_async(self, write_id: str, items: Sequence[RecordItem], expected: LabsRecord | None) -> bool:
        """Let a write that is in conflict be sent, as it is now; False when it is in none, or not any more."""
        changes = {
            "state": QueuedState.WAITING.value,
            "items": items_text(items),
            "removals": [expected.id] if expected is not None else [],
            "expected": record_text(expected),
            "baseline": None,
            "conflict_id": None,
            "theirs": None,
            "error": None,
            "breaks": 0,
        }
        return await self._out_of_conflict_async(write_id, changes)

    async def expect_async(self, write_id: str, items: Sequence[RecordItem], expected: LabsRecord | None) -> None:
        """Let a waiting write expect what an earlier one of the same person has led to."""
        await self._change_async(write_id, {"items": items_text(items), "expected": record_text(expected)})

    async def _settled_async(self, write_id: str, state: QueuedState, changes: Mapping[str, Any]) -> None:
        gone_at = self._clock.now() + KEPT_FOR
        await self._change_async(write_id, {"state": state.value, "expires_at": gone_at, **changes})

    async def _out_of_conflict_async(self, write_id: str, changes: Mapping[str, Any]) -> bool:
        which = {"_id": write_id, "state": QueuedState.CONFLICT.value}
        with translating_outages(_STORE):
            return (await self._collection.update_one(which, {"$set": dict(changes)})).modified_count == 1

    async def _change_async(
        self, write_id: str, changes: Mapping[str, Any], more: Mapping[str, Any] | None = None
    ) -> None:
        with translating_outages(_STORE):
            await self._collection.update_one({"_id": write_id}, {"$set": dict(changes), **(more or {})})
