"""Facts as CloudEvents 1.0 in structured JSON."""

from datetime import datetime
from typing import Any

import msgspec
import orjson

from application.kernel.event_feed import RecordedFact
from domain.kernel.domain_event import ENVELOPE_FIELDS

MEDIA_TYPE = "application/cloudevents+json"
PING_TYPE = "webhooks.ping.v1"
_WORKER_STREAMS = "cml-worker-"


class CloudEvents:
    """Makes CloudEvents.

    Args:
        public_url: where this installation is known, e.g. ``https://labs.example.org``; the source of the events lies
            under it. Without it the source is the path ``/labkeeper/<log>``.
    """

    def __init__(self, public_url: str = "") -> None:
        self._source = public_url.rstrip("/") + "/labkeeper/"

    def of_fact(self, fact: RecordedFact) -> bytes:
        """Return a fact as a CloudEvent.

        Extension attributes: ``position``, ``correlationid``, ``causationid``, ``actor``, ``workerid`` and
        ``traceparent``; those that a fact does not have are left out.
        """
        event = fact.event
        data: dict[str, Any] = msgspec.to_builtins(event)
        for name in ENVELOPE_FIELDS:
            del data[name]
        attributes = self._attributes(event.event_id, fact.log, event.event_type, event.aggregate_id, event.created_at)
        extensions = {
            "position": fact.position,
            "correlationid": fact.correlation_id,
            "causationid": fact.causation_id,
            "actor": fact.actor,
            "workerid": worker_of(fact),
            "traceparent": fact.traceparent,
        }
        attributes.update({name: value for name, value in extensions.items() if value not in (None, "")})
        return orjson.dumps({**attributes, "data": data})

    def ping(self, message_id: str, webhook_id: str, at: datetime) -> bytes:
        """Return a CloudEvent that says nothing but that it arrived."""
        attributes = self._attributes(message_id, "webhooks", PING_TYPE, webhook_id, at)
        return orjson.dumps({**attributes, "data": {"webhook_id": webhook_id}})

    def _attributes(self, event_id: str, log: str, event_type: str, subject: str, at: datetime) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": event_id,
            "source": self._source + log,
            "type": event_type,
            "subject": subject,
            "time": msgspec.to_builtins(at),
            "datacontenttype": "application/json",
        }


def worker_of(fact: RecordedFact) -> str | None:
    """Return the worker that a fact is about: it says so, or its aggregate is one; None if it is about none."""
    if fact.stream.startswith(_WORKER_STREAMS):
        return fact.event.aggregate_id
    found = getattr(fact.event, "worker_id", None)
    return found if isinstance(found, str) else None
