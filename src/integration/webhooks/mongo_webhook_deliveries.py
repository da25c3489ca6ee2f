"""Deliveries in MongoDB: one document each, settled ones kept for 30 days."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from application.webhooks.deliveries import (
    DeliveryAttempt,
    DeliveryQueue,
    DeliveryStatus,
    DeliveryView,
    Lane,
    NewDelivery,
    PendingDelivery,
    WebhookDeliveries,
)
from domain.kernel.clock import Clock
from integration.mongo.driver import MongoDocument, MongoDriver, translating_outages
from integration.webhooks.delivery_documents import new_document, view_of

COLLECTION = "webhook_deliveries"
KEPT = timedelta(days=30)
MOST_ATTEMPTS_KEPT = 400
ATTEMPTS_IN_LISTS = 20

_STORE = "the store of deliveries"
_PENDING = DeliveryStatus.PENDING.value


class MongoWebhookDeliveries(WebhookDeliveries, DeliveryQueue):
    """Deliveries of all webhooks. Call ``prepare_async`` once before use."""

    def __init__(self, driver: MongoDriver, clock: Clock) -> None:
        self._driver = driver
        self._collection = driver.collection(COLLECTION)
        self._clock = clock
        self._listeners: list[Callable[[Lane], None]] = []

    async def prepare_async(self) -> None:
        """Make the indexes; nothing happens when they are there."""
        pending = {"status": _PENDING}
        newest = [("queued_at", -1), ("_id", -1)]
        with translating_outages(_STORE):
            await self._collection.create_index(
                [("webhook", 1), ("stream", 1), ("position", 1), ("index", 1)],
                name="lane",
                partialFilterExpression=pending,
            )
            await self._collection.create_index("touched_at", name="touched", partialFilterExpression=pending)
            await self._collection.create_index([("webhook", 1), *newest], name="newest")
            await self._collection.create_index([("webhook", 1), ("status", 1), *newest], name="newest_by_status")
            await self._collection.create_index("settled_at", name="kept", expireAfterSeconds=int(KEPT.total_seconds()))

    # --- all deliveries

    async def queue_async(self, deliveries: Sequence[NewDelivery]) -> None:
        now = self._clock.now()
        with translating_outages(_STORE):
            for one in deliveries:
                new = {"$setOnInsert": new_document(one, now)}
                await self._collection.update_one({"_id": one.delivery_id}, new, upsert=True)
        for one in deliveries:
            self._tell(one.lane)

    async def list_async(
        self, webhook_id: str, status: DeliveryStatus | None, limit: int, before: tuple[datetime, str] | None
    ) -> list[DeliveryView]:
        query: dict[str, Any] = {"webhook": webhook_id}
        if status is not None:
            query["status"] = status.value
        if before is not None:
            at, delivery_id = before
            query["$or"] = [{"queued_at": {"$lt": at}}, {"queued_at": at, "_id": {"$lt": delivery_id}}]
        shown = {"body": 0, "attempts": {"$slice": -ATTEMPTS_IN_LISTS}}
        with translating_outages(_STORE):
            cursor = self._collection.find(query, shown).sort([("queued_at", -1), ("_id", -1)]).limit(limit)
            return [view_of(document) for document in await cursor.to_list(limit)]

    async def get_async(self, webhook_id: str, delivery_id: str) -> DeliveryView | None:
        with translating_outages(_STORE):
            document = await self._collection.find_one({"_id": delivery_id, "webhook": webhook_id}, {"body": 0})
        return None if document is None else view_of(document)

    async def retry_async(self, webhook_id: str, delivery_id: str) -> bool:
        now = self._clock.now()
        again = {
            "status": _PENDING,
            "due_at": now,
            "touched_at": now,
            "failures": 0,
            "trying_since": None,
            "settled_at": None,
        }
        retried = {"$in": [_PENDING, DeliveryStatus.PARKED.value]}
        with translating_outages(_STORE):
            document = await self._collection.find_one_and_update(
                {"_id": delivery_id, "webhook": webhook_id, "status": retried}, {"$set": again}, {"stream": 1}
            )
        if document is None:
            return False
        self._tell(Lane(webhook_id, document["stream"]))
        return True

    async def drop_pending_async(self, webhook_id: str) -> int:
        with translating_outages(_STORE):
            dropped = await self._collection.delete_many({"webhook": webhook_id, "status": _PENDING})
        return dropped.deleted_count

    # --- the worker's queue

    def call_when_due(self, listener: Callable[[Lane], None]) -> None:
        self._listeners.append(listener)

    async def lanes_async(self, touched_since: datetime | None = None) -> list[Lane]:
        chosen: MongoDocument = {"status": _PENDING}
        if touched_since is not None:
            chosen["touched_at"] = {"$gte": touched_since}
        lanes = {"$group": {"_id": {"webhook": "$webhook", "stream": "$stream"}}}
        with translating_outages(_STORE):
            groups = await self._driver.aggregate_async(COLLECTION, [{"$match": chosen}, lanes])
        return [Lane(group["_id"]["webhook"], group["_id"]["stream"]) for group in groups]

    async def next_async(self, lane: Lane) -> PendingDelivery | None:
        query = {"webhook": lane.webhook_id, "stream": lane.stream, "status": _PENDING}
        with translating_outages(_STORE):
            document = await self._collection.find_one(
                query, {"attempts": 0, "last_answer": 0}, sort=[("position", 1), ("index", 1)]
            )
        if document is None:
            return None
        return PendingDelivery(
            document["_id"],
            lane,
            document["body"],
            document["due_at"],
            document["attempts_made"],
            document["failures"],
            document["trying_since"],
        )

    async def delivered_async(self, delivery: PendingDelivery, attempt: DeliveryAttempt, answer: str) -> None:
        await self._tried_async(delivery, attempt, answer, self._settled(DeliveryStatus.DELIVERED))

    async def failed_async(
        self, delivery: PendingDelivery, attempt: DeliveryAttempt, answer: str, next_at: datetime
    ) -> None:
        since = delivery.trying_since or attempt.at
        again = {"due_at": next_at, "failures": delivery.failures + 1, "trying_since": since}
        await self._tried_async(delivery, attempt, answer, again)

    async def parked_async(self, delivery: PendingDelivery, attempt: DeliveryAttempt, answer: str) -> None:
        await self._tried_async(delivery, attempt, answer, self._settled(DeliveryStatus.PARKED))

    async def _tried_async(
        self, delivery: PendingDelivery, attempt: DeliveryAttempt, answer: str, values: MongoDocument
    ) -> None:
        tried = {
            "at": attempt.at,
            "duration_ms": attempt.duration_ms,
            "status": attempt.status,
            "error": attempt.error,
        }
        change = {
            "$set": {**values, "last_answer": answer or None},
            "$inc": {"attempts_made": 1},
            "$push": {"attempts": {"$each": [tried], "$slice": -MOST_ATTEMPTS_KEPT}},
        }
        unchanged = {"_id": delivery.delivery_id, "status": _PENDING, "attempts_made": delivery.attempts_made}
        with translating_outages(_STORE):
            await self._collection.update_one(unchanged, change)

    def _settled(self, status: DeliveryStatus) -> MongoDocument:
        return {"status": status.value, "settled_at": self._clock.now(), "due_at": None}

    def _tell(self, lane: Lane) -> None:
        for listener in self._listeners:
            listener(lane)
