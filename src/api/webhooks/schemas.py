"""Bodies and answers of the webhooks resource."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.kernel.strict_body import StrictBody
from application.webhooks.deliveries import DeliveryStatus
from domain.kernel.type_patterns import LONGEST_PATTERN
from domain.webhooks.event_patterns import MOST_PATTERNS
from domain.webhooks.signing_secret import LONGEST_TEXT, SHORTEST_TEXT
from domain.webhooks.webhook import LONGEST_URL

_ID = "5b0f8a1c2d3e4f5061728394a5b6c7d8"
_URL = "https://hooks.example.org/labs"
_REGISTERED: dict[str, Any] = {
    "webhook_id": _ID,
    "url": _URL,
    "event_types": ["labs.*"],
    "active": True,
    "disabled_reason": None,
    "registered_at": "2026-03-01T12:00:00Z",
    "changed_at": "2026-03-01T12:00:00Z",
    "version": 1,
}
_DELIVERY: dict[str, Any] = {
    "delivery_id": "c7d85b0f8a1c2d3e4f5061728394a5b6",
    "webhook_id": _ID,
    "status": "delivered",
    "log": "labs",
    "position": 1042,
    "event_id": "8f0c.4a2d.3",
    "event_type": "labs.lab-state-changed.v1",
    "subject": "8f0c.4a2d",
    "queued_at": "2026-03-01T12:00:00Z",
    "next_attempt_at": None,
    "settled_at": "2026-03-01T12:00:02Z",
    "attempts_made": 2,
    "attempts": [
        {"at": "2026-03-01T12:00:00Z", "duration_ms": 12, "status": 503, "error": "answered 503"},
        {"at": "2026-03-01T12:00:01Z", "duration_ms": 9, "status": 204, "error": None},
    ],
    "last_answer": None,
}

Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_URL,
        description="http or https, without credentials and fragment; link-local and metadata addresses are refused.",
    ),
]
EventTypes = Annotated[
    list[Annotated[str, Field(max_length=LONGEST_PATTERN)]],
    Field(
        min_length=1,
        max_length=MOST_PATTERNS,
        description="`*`, a prefix such as `labs.*`, or a stored type name with or without its version. "
        "Each must fit some event that there can be.",
    ),
]
Secret = Annotated[
    str,
    Field(
        min_length=SHORTEST_TEXT,
        max_length=LONGEST_TEXT,
        description="`whsec_` and the base64 of 24 to 64 bytes, or any other text, whose bytes are the key.",
    ),
]


class RegisterWebhookBody(StrictBody):
    """A webhook to be registered. Without a secret one is made; only the answer to this request shows it."""

    url: Url
    event_types: EventTypes
    secret: Secret | None = None
    active: bool = True

    model_config = ConfigDict(json_schema_extra={"examples": [{"url": _URL, "event_types": ["labs.*"]}]})


class ChangeWebhookBody(StrictBody):
    """What is to be changed; what is left out stays."""

    url: Url = Field(default_factory=str)
    event_types: EventTypes = Field(default_factory=list)
    secret: Secret = Field(default_factory=str)
    active: bool = Field(default_factory=bool)

    model_config = ConfigDict(json_schema_extra={"examples": [{"active": False}]})

    def given(self, name: str) -> Any:
        """Return a field's value; None when it was left out."""
        return getattr(self, name) if name in self.model_fields_set else None


class WebhookAnswer(BaseModel):
    """A webhook. `disabled_reason` says why the system made it inactive."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_REGISTERED]})

    webhook_id: str
    url: str
    event_types: list[str]
    active: bool
    disabled_reason: str | None
    registered_at: datetime
    changed_at: datetime
    version: int


class RegisteredWebhookAnswer(WebhookAnswer):
    """A webhook that was just registered, with the secret if one was made for it. It is not shown again."""

    model_config = ConfigDict(
        from_attributes=True, json_schema_extra={"examples": [{**_REGISTERED, "secret": "whsec_..."}]}
    )

    secret: str | None = None


class WebhooksPage(BaseModel):
    """Webhooks in the order of their registration."""

    model_config = ConfigDict(from_attributes=True)

    items: list[WebhookAnswer]
    next_cursor: str | None


class AttemptAnswer(BaseModel):
    """One try: the receiver's status, or what went wrong before there was one."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    duration_ms: int
    status: int | None
    error: str | None


class DeliveryAnswer(BaseModel):
    """One fact for one webhook, with its latest tries, oldest first."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_DELIVERY]})

    delivery_id: str
    webhook_id: str
    status: DeliveryStatus
    log: str
    position: int
    event_id: str
    event_type: str
    subject: str
    queued_at: datetime
    next_attempt_at: datetime | None
    settled_at: datetime | None
    attempts_made: int
    attempts: list[AttemptAnswer]
    last_answer: str | None


class DeliveriesPage(BaseModel):
    """Deliveries, newest first."""

    model_config = ConfigDict(from_attributes=True)

    items: list[DeliveryAnswer]
    next_cursor: str | None


class PingAnswer(BaseModel):
    """What a ping brought. A receiver that fails is an answer, not an error."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={"examples": [{"delivered": True, "status": 204, "duration_ms": 8, "error": None}]},
    )

    delivered: bool
    status: int | None
    duration_ms: int
    error: str | None
