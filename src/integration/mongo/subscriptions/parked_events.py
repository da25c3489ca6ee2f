"""Events that a subscription gave up on, and those of the same streams that wait behind them.

Document of the collection ``parked_events``: ``{_id: "<subscription>.<log>.<position>.<index>", subscription, log,
position, index, stream, event_id, event_type, version, state, attempts, error, at}``; ``state`` is ``parked``,
``waiting`` or ``replaying``.
"""

from collections.abc import Sequence
from typing import Any

from application.kernel.event_feed import CorruptFact, RecordedFact
from application.kernel.subscriptions import ParkedEvent
from domain.kernel.clock import Clock
from integration.mongo.driver import MongoDocument, MongoDriver, translating_outages

COLLECTION = "parked_events"


class ParkedEvents:
    """Keeps parked events of all subscriptions."""

    def __init__(self, driver: MongoDriver, clock: Clock) -> None:
        self._collection = driver.collection(COLLECTION)
        self._clock = clock

    async def prepare_async(self) -> None:
        """Make the index that keeps one entry per event and lists them in order."""
        with translating_outages("the store of parked events"):
            await self._collection.create_index(
                [("subscription", 1), ("position", 1), ("index", 1)], unique=True, name="order"
            )

    async def park_async(self, subscription: str, fact: RecordedFact, state: str, attempts: int, error: str) -> None:
        """Set an event aside; nothing changes when it is set aside already."""
        values = {
            "stream": fact.stream,
            "event_id": fact.event.event_id,
            "event_type": fact.event.event_type,
            "version": fact.event.aggregate_version,
        }
        await self._put_async(subscription, fact, values, state, attempts, error)

    async def park_corrupt_async(self, subscription: str, corrupt: CorruptFact) -> None:
        """Set an event aside that cannot even be read."""
        values = {
            "stream": corrupt.stream,
            "event_id": corrupt.event_id,
            "event_type": corrupt.event_type,
            "version": 0,
        }
        await self._put_async(subscription, corrupt, values, "parked", 0, corrupt.error)

    async def _put_async(
        self,
        subscription: str,
        where: RecordedFact | CorruptFact,
        values: dict[str, Any],
        state: str,
        attempts: int,
        error: str,
    ) -> None:
        key = {"subscription": subscription, "position": where.position, "index": where.index}
        entry = {
            **values,
            "_id": f"{subscription}.{where.log}.{where.position}.{where.index}",
            "log": where.log,
            "state": state,
            "attempts": attempts,
            "error": error[:2000],
            "at": self._clock.now(),
        }
        with translating_outages("the store of parked events"):
            await self._collection.update_one(key, {"$setOnInsert": entry}, upsert=True)

    async def blocked_streams_async(self, subscription: str) -> set[str]:
        """Return the streams that have an event set aside."""
        with translating_outages("the store of parked events"):
            return set(await self._collection.distinct("stream", {"subscription": subscription}))

    async def holds_async(self, subscription: str, stream: str) -> bool:
        """Tell whether a stream has an event set aside."""
        with translating_outages("the store of parked events"):
            return await self._collection.find_one({"subscription": subscription, "stream": stream}) is not None

    async def released_async(self, subscription: str) -> list[MongoDocument]:
        """Return waiting events with nothing parked before them in their stream, in order."""
        with translating_outages("the store of parked events"):
            entries = await self._collection.find({"subscription": subscription}).sort(_ORDER).to_list(None)
        held: set[str] = set()
        released = []
        for entry in entries:
            if entry["state"] != "waiting":
                held.add(entry["stream"])
            elif entry["stream"] not in held:
                released.append(entry)
        return released

    async def list_async(self, subscription: str, limit: int, after: str | None) -> list[ParkedEvent]:
        """Return entries in order; ``after`` is the id of the last one of the page before."""
        query: dict[str, Any] = {"subscription": subscription}
        with translating_outages("the store of parked events"):
            if after is not None:
                last = await self._collection.find_one({"_id": after, **query})
                if last is not None:
                    query["$or"] = [
                        {"position": {"$gt": last["position"]}},
                        {"position": last["position"], "index": {"$gt": last["index"]}},
                    ]
            entries = await self._collection.find(query).sort(_ORDER).limit(limit).to_list(None)
        return [_parked_event(entry) for entry in entries]

    async def counts_async(self) -> dict[str, dict[str, int]]:
        """Return the number of entries by subscription and state."""
        with translating_outages("the store of parked events"):
            entries = await self._collection.find({}, {"subscription": 1, "state": 1}).to_list(None)
        counts: dict[str, dict[str, int]] = {}
        for entry in entries:
            of = counts.setdefault(entry["subscription"], {})
            of[entry["state"]] = of.get(entry["state"], 0) + 1
        return counts

    async def claim_async(self, subscription: str, parked_id: str) -> MongoDocument | None:
        """Take a parked entry for a replay; None when there is none or another replays it."""
        with translating_outages("the store of parked events"):
            return await self._collection.find_one_and_update(
                {"_id": parked_id, "subscription": subscription, "state": {"$in": ["parked", "waiting"]}},
                {"$set": {"state": "replaying"}},
            )

    async def has_earlier_async(self, entry: MongoDocument) -> bool:
        """Tell whether an earlier event of the entry's stream is set aside."""
        earlier = {"subscription": entry["subscription"], "stream": entry["stream"], "_id": {"$ne": entry["_id"]}}
        before = {
            "$or": [
                {"position": {"$lt": entry["position"]}},
                {"position": entry["position"], "index": {"$lt": entry["index"]}},
            ]
        }
        with translating_outages("the store of parked events"):
            return await self._collection.find_one({**earlier, **before}) is not None

    async def put_back_async(self, entry: MongoDocument, *, attempts: int, error: str, state: str = "parked") -> None:
        """Return a claimed entry, with what went wrong this time."""
        with translating_outages("the store of parked events"):
            await self._collection.update_one(
                {"_id": entry["_id"]}, {"$set": {"state": state, "attempts": attempts, "error": error[:2000]}}
            )

    async def drop_async(self, subscription: str, parked_id: str) -> bool:
        """Forget an entry; False when there is none."""
        with translating_outages("the store of parked events"):
            dropped = await self._collection.delete_one({"_id": parked_id, "subscription": subscription})
        return dropped.deleted_count == 1

    async def give_back_abandoned_async(self, subscription: str) -> None:
        """Return entries whose replay died with its process."""
        with translating_outages("the store of parked events"):
            await self._collection.update_many(
                {"subscription": subscription, "state": "replaying"}, {"$set": {"state": "parked"}}
            )


_ORDER: Sequence[tuple[str, int]] = [("position", 1), ("index", 1)]


def _parked_event(entry: MongoDocument) -> ParkedEvent:
    return ParkedEvent(
        id=entry["_id"],
        subscription=entry["subscription"],
        log=entry["log"],
        position=entry["position"],
        index=entry["index"],
        stream=entry["stream"],
        event_id=entry["event_id"],
        event_type=entry["event_type"],
        state="waiting" if entry["state"] == "waiting" else "parked",
        attempts=entry["attempts"],
        error=entry["error"],
        parked_at=entry["at"],
    )
