"""What is shown of webhooks and their deliveries. A secret is shown once, by the answer to a registration."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.webhooks.webhook import Webhook


@dataclass(frozen=True, kw_only=True)
class WebhookView:
    """A webhook.

    Attributes:
        webhook_id: its id.
        url: where facts are sent to.
        event_types: patterns of the facts it wants.
        active: whether facts are sent at all.
        disabled_reason: why the system made it inactive; None if it did not.
        registered_at, changed_at: aware UTC.
        version: counts its changes, from 1.
        secret: the secret that was made for it; None everywhere but in the answer to its registration.
    """

    webhook_id: str
    url: str
    event_types: tuple[str, ...]
    active: bool
    disabled_reason: str | None
    registered_at: datetime
    changed_at: datetime
    version: int
    secret: str | None = field(default=None, repr=False)


def webhook_view(webhook: Webhook, secret: str | None = None) -> WebhookView:
    """Return what is shown of a stored webhook."""
    state = webhook.state
    return WebhookView(
        webhook_id=state.id,
        url=state.url,
        event_types=state.event_types,
        active=state.active,
        disabled_reason=state.disabled_reason,
        registered_at=state.created_at,
        changed_at=state.last_modified,
        version=state.state_version,
        secret=secret,
    )
