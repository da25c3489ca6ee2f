"""Deliveries as they are stored.

Document of the collection ``webhook_deliveries``: ``{_id: delivery id, webhook, stream, log, position, index, event_id,
event_type, subject, status, body: bytes, queued_at, touched_at, due_at, settled_at, attempts_made, failures,
trying_since, attempts: [{at, duration_ms, status, error}], last_answer}``. ``touched_at`` is when it last became due by
something else than the passing of time.
"""

from datetime import datetime

from application.webhooks.deliveries import DeliveryAttempt, DeliveryStatus, DeliveryView, NewDelivery
from integration.mongo.driver import MongoDocument


def new_document(delivery: NewDelivery, now: datetime) -> MongoDocument:
    """Return the stored form of a new delivery, without its id."""
    return {
        "webhook": delivery.lane.webhook_id,
        "stream": delivery.lane.stream,
        "log": delivery.log,
        "position": delivery.position,
        "index": delivery.index,
        "event_id": delivery.event_id,
        "event_type": delivery.event_type,
        "subject": delivery.subject,
        "status": DeliveryStatus.PENDING.value,
        "body": delivery.body,
        "queued_at": now,
        "touched_at": now,
        "due_at": now,
        "settled_at": None,
        "attempts_made": 0,
        "failures": 0,
        "trying_since": None,
        "attempts": [],
        "last_answer": None,
    }


def view_of(document: MongoDocument) -> DeliveryView:
    """Return what is shown of a stored delivery. Its body may be left out."""
    attempts = [
        DeliveryAttempt(tried["at"], tried["duration_ms"], tried["status"], tried["error"])
        for tried in document["attempts"]
    ]
    return DeliveryView(
        delivery_id=document["_id"],
        webhook_id=document["webhook"],
        status=DeliveryStatus(document["status"]),
        log=document["log"],
        position=document["position"],
        event_id=document["event_id"],
        event_type=document["event_type"],
        subject=document["subject"],
        queued_at=document["queued_at"],
        next_attempt_at=document["due_at"],
        settled_at=document["settled_at"],
        attempts_made=document["attempts_made"],
        attempts=attempts,
        last_answer=document["last_answer"],
    )
