"""Bodies and answers around channels of alerts, and what was sent to them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.kernel.strict_body import StrictBody
from api.labops.alert_rules_schemas import CHANNEL_ID, Name
from application.labops.alerts.notifications import NotificationStatus
from domain.labops.alert_channel import LONGEST_URL, ChannelKind

_CHANNEL: dict[str, Any] = {
    "channel_id": CHANNEL_ID,
    "name": "Lab operations",
    "kind": "teams_workflow",
    "host": "prod-1.example.org",
    "dry_run": False,
    "registered_at": "2026-03-01T12:00:00Z",
    "changed_at": "2026-03-01T12:00:00Z",
    "version": 1,
}
Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_URL,
        description="Secret: it is kept encrypted and shown to nobody. Left out for kind `log`.",
    ),
]


class RegisterAlertChannelBody(StrictBody):
    """A channel. `teams_workflow` gets Adaptive Cards, `teams_legacy` MessageCards, `webhook` signed CloudEvents."""

    name: Name
    kind: Annotated[ChannelKind, Field(strict=False)]
    url: Url | None = None
    dry_run: bool = False

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "Lab operations", "kind": "teams_workflow", "url": "https://prod-1.example.org/hook?sig=..."}
            ]
        }
    )


class ChangeAlertChannelBody(StrictBody):
    """What is to be changed; what is left out stays."""

    name: Name = Field(default_factory=str)
    url: Url = Field(default_factory=str)
    dry_run: bool = Field(default_factory=bool)

    model_config = ConfigDict(json_schema_extra={"examples": [{"dry_run": True}]})

    def given(self, name: str) -> Any:
        """Return a field's value; None when it was left out."""
        return getattr(self, name) if name in self.model_fields_set else None


class AlertChannelAnswer(BaseModel):
    """A channel; of its address no more than the host, and that to administrators alone (others: null)."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_CHANNEL]})

    channel_id: str
    name: str
    kind: ChannelKind
    host: str | None
    dry_run: bool
    registered_at: datetime
    changed_at: datetime
    version: int


class RegisteredAlertChannelAnswer(AlertChannelAnswer):
    """A channel that was just registered; one of kind `webhook` with the secret that its messages are signed with."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [{**_CHANNEL, "secret": None}]})

    secret: str | None = None


class AlertChannelsPage(BaseModel):
    """Channels in the order of their registration."""

    model_config = ConfigDict(from_attributes=True)

    items: list[AlertChannelAnswer]
    next_cursor: str | None


class ChannelTestAnswer(BaseModel):
    """What the channel is sent; in a dry run nothing is, and `notification_id` is null."""

    model_config = ConfigDict(from_attributes=True)

    dry_run: bool
    notification_id: str | None
    payload: Any


class NotificationAttemptAnswer(BaseModel):
    """One try: the receiver's status, or what went wrong."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    duration_ms: int
    status: int | None
    error: str | None


class NotificationAnswer(BaseModel):
    """One message for one channel; `body` is exactly what was, is or would be sent."""

    model_config = ConfigDict(from_attributes=True)

    notification_id: str
    channel_id: str
    subject: str
    about: str
    title: str
    status: NotificationStatus
    body: str
    queued_at: datetime
    next_attempt_at: datetime | None
    settled_at: datetime | None
    attempts_made: int
    attempts: list[NotificationAttemptAnswer]


class NotificationsPage(BaseModel):
    """Notifications, newest first."""

    model_config = ConfigDict(from_attributes=True)

    items: list[NotificationAnswer]
    next_cursor: str | None
