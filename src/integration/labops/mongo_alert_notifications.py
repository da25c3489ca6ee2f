"""Notifications in MongoDB: one document each, settled ones kept for 30 days.

Document of ``labops_alert_notifications``: ``{_id, channel, subject, about, title, body: bytes, repeatable, status,
queued_at, due_at, settled_at, attempts_made, failures, attempts: [{at, duration_ms, status, error}]}``.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from application.labops.alerts.notifications import (
    DueNotification,
    NewNotification,
    NotificationAttempt,
    NotificationQueue,
    Notifications,
    NotificationStatus,
    NotificationView,
)
from domain.kernel.clock import Clock
from integration.mongo.driver import MongoDocument, MongoDriver, translating_outages

COLLECTION = "labops_alert_notifications"
KEPT = timedelta(days=30)
MOST_ATTEMPTS_KEPT = 50

_STORE = "the store of notifications"
_PENDING = NotificationStatus.PENDING.value
_SENDING = NotificationStatus.SENDING.value
_AGAIN = [_PENDING, NotificationStatus.PARKED.value, NotificationStatus.UNCONFIRMED.value]
_ORDER = [("queued_at", 1), ("_id", 1)]


class MongoAlertNotifications(Notifications, NotificationQueue):
    """Notifications of all channels. Call ``prepare_async`` once before use."""

    def __init__(self, driver: MongoDriver, clock: Clock) -> None:
        self._driver = driver
        self._collection = driver.collection(COLLECTION)
        self._clock = clock
        self._listeners: list[Callable[[], None]] = []

    async def prepare_async(self) -> None:
        """Make the indexes; nothing happens when they are there."""
        newest = [("queued_at", -1), ("_id", -1)]
        kept = int(KEPT.total_seconds())
        with translating_outages(_STORE):
            await self._collection.create_index([("status", 1), ("channel", 1), *_ORDER], name="lane")
            await self._collection.create_index([("channel", 1), *newest], name="newest")
            await self._collection.create_index("settled_at", name="kept", expireAfterSeconds=kept)

    # --- all notifications

    async def queue_async(self, notifications: Sequence[NewNotification]) -> None:
        now = self._clock.now()
        with translating_outages(_STORE):
            for one in notifications:
                new = {"$setOnInsert": _new_document(one, now)}
                await self._collection.update_one({"_id": one.notification_id}, new, upsert=True)
        self._tell()

    async def list_async(
        self, channel_id: str, status: NotificationStatus | None, limit: int, before: tuple[datetime, str] | None
    ) -> list[NotificationView]:
        query: dict[str, Any] = {"channel": channel_id}
        if status is not None:
            query["status"] = status.value
        if before is not None:
            at, notification_id = before
            query["$or"] = [{"queued_at": {"$lt": at}}, {"queued_at": at, "_id": {"$lt": notification_id}}]
        with translating_outages(_STORE):
            found = self._collection.find(query).sort([("queued_at", -1), ("_id", -1)]).limit(limit)
            return [_view(document) for document in await found.to_list(limit)]

    async def get_async(self, channel_id: str, notification_id: str) -> NotificationView | None:
        with translating_outages(_STORE):
            document = await self._collection.find_one({"_id": notification_id, "channel": channel_id})
        return None if document is None else _view(document)

    async def retry_async(self, channel_id: str, notification_id: str) -> bool:
        again = {"status": _PENDING, "due_at": self._clock.now(), "failures": 0, "settled_at": None}
        chosen = {"_id": notification_id, "channel": channel_id, "status": {"$in": _AGAIN}}
        with translating_outages(_STORE):
            changed = await self._collection.update_one(chosen, {"$set": again})
        self._tell()
        return bool(changed.matched_count)

    async def drop_pending_async(self, channel_id: str) -> None:
        dropped = {"status": NotificationStatus.DROPPED.value, "settled_at": self._clock.now(), "due_at": None}
        with translating_outages(_STORE):
            await self._collection.update_many({"channel": channel_id, "status": _PENDING}, {"$set": dropped})

    # --- the worker's queue

    def call_when_due(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    async def channels_due_async(self, now: datetime) -> list[str]:
        first: list[MongoDocument] = [
            {"$match": {"status": _PENDING}},
            {"$sort": {"channel": 1, "queued_at": 1, "_id": 1}},
            {"$group": {"_id": "$channel", "due_at": {"$first": "$due_at"}}},
            {"$match": {"due_at": {"$lte": now}}},
        ]
        with translating_outages(_STORE):
            return sorted(group["_id"] for group in await self._driver.aggregate_async(COLLECTION, first))

    async def first_due_async(self, channel_id: str, now: datetime) -> DueNotification | None:
        with translating_outages(_STORE):
            first = await self._collection.find_one({"channel": channel_id, "status": _PENDING}, sort=_ORDER)
        if first is None or first["due_at"] > now:
            return None
        return DueNotification(
            first["_id"],
            channel_id,
            first["subject"],
            first["about"],
            first["title"],
            first["body"],
            first["failures"],
        )

    async def claim_async(self, due: DueNotification, now: datetime) -> bool:
        unchanged = {
            "_id": due.notification_id,
            "status": _PENDING,
            "failures": due.failures,
            "due_at": {"$lte": now},
        }
        with translating_outages(_STORE):
            claimed = await self._collection.update_one(unchanged, {"$set": {"status": _SENDING}})
        return bool(claimed.modified_count)

    async def settle_async(
        self, notification_id: str, status: NotificationStatus, attempt: NotificationAttempt | None
    ) -> None:
        settled = {"status": status.value, "settled_at": self._clock.now(), "due_at": None}
        await self._end_try_async(notification_id, settled, attempt, failed=False)

    async def put_off_async(self, notification_id: str, attempt: NotificationAttempt | None, next_at: datetime) -> None:
        again = {"status": _PENDING, "due_at": next_at}
        await self._end_try_async(notification_id, again, attempt, failed=attempt is not None)

    async def confirm_nothing_async(self) -> int:
        now = self._clock.now()
        again = {"status": _PENDING, "due_at": now}
        lost = {"status": NotificationStatus.UNCONFIRMED.value, "settled_at": now, "due_at": None}
        with translating_outages(_STORE):
            await self._collection.update_many({"status": _SENDING, "repeatable": True}, {"$set": again})
            changed = await self._collection.update_many({"status": _SENDING}, {"$set": lost})
        return int(changed.modified_count)

    async def _end_try_async(
        self, notification_id: str, values: MongoDocument, attempt: NotificationAttempt | None, *, failed: bool
    ) -> None:
        change: MongoDocument = {"$set": values}
        if attempt is not None:
            tried = {
                "at": attempt.at,
                "duration_ms": attempt.duration_ms,
                "status": attempt.status,
                "error": attempt.error,
            }
            change["$push"] = {"attempts": {"$each": [tried], "$slice": -MOST_ATTEMPTS_KEPT}}
            change["$inc"] = {"attempts_made": 1, **({"failures": 1} if failed else {})}
        with translating_outages(_STORE):
            await self._collection.update_one({"_id": notification_id, "status": _SENDING}, change)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


def _new_document(one: NewNotification, now: datetime) -> MongoDocument:
    return {
        "channel": one.channel_id,
        "subject": one.subject,
        "about": one.about,
        "title": one.title,
        "body": one.body,
        "repeatable": one.repeatable,
        "status": _PENDING,
        "queued_at": now,
        "due_at": now,
        "settled_at": None,
        "attempts_made": 0,
        "failures": 0,
        "attempts": [],
    }


def _view(document: MongoDocument) -> NotificationView:
    tries = document["attempts"]
    return NotificationView(
        notification_id=document["_id"],
        channel_id=document["channel"],
        subject=document["subject"],
        about=document["about"],
        title=document["title"],
        status=NotificationStatus(document["status"]),
        body=bytes(document["body"]).decode(),
        queued_at=document["queued_at"],
        next_attempt_at=document["due_at"],
        settled_at=document["settled_at"],
        attempts_made=document["attempts_made"],
        attempts=[
            NotificationAttempt(tried["at"], tried["duration_ms"], tried["status"], tried["error"]) for tried in tries
        ],
    )
