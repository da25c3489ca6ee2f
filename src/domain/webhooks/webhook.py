"""Webhook: an address outside that is told about facts."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from domain.kernel.aggregate import Aggregate, RememberedState, reduces
from domain.kernel.field_change import FieldChange
from domain.webhooks.errors import InvalidWebhookError, WebhookRemovedError
from domain.webhooks.event_patterns import checked_patterns, wants
from domain.webhooks.events import (
    WebhookChangedDomainEvent,
    WebhookDisabledDomainEvent,
    WebhookRegisteredDomainEvent,
    WebhookRemovedDomainEvent,
    WebhookSecretReplacedDomainEvent,
)

LONGEST_URL = 2048


@dataclass(frozen=True, kw_only=True)
class WebhookDetails:
    """What an administrator says about a webhook, apart from its secret."""

    url: str
    event_types: tuple[str, ...]
    active: bool = True

    def __post_init__(self) -> None:
        _check_url(self.url)
        object.__setattr__(self, "event_types", checked_patterns(self.event_types))


def _check_url(url: str) -> None:
    if len(url) > LONGEST_URL:
        raise InvalidWebhookError("url", f"must have at most {LONGEST_URL} characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidWebhookError("url", "must be a URL") from None
    if not url.isprintable() or " " in url or "\\" in url:
        # Programs disagree about what these mean: the host that was checked may not be the host that is called.
        raise InvalidWebhookError("url", "must not hold spaces, backslashes or control characters")
    if parts.scheme not in ("http", "https"):
        raise InvalidWebhookError("url", "must start with http:// or https://")
    if not parts.hostname or port == 0:
        raise InvalidWebhookError("url", "must name a host and, if any, a port from 1 to 65535")
    if parts.username is not None or parts.password is not None:
        raise InvalidWebhookError("url", "must not carry credentials")
    if "#" in url:
        raise InvalidWebhookError("url", "must not carry a fragment")


class WebhookState(RememberedState):
    """The remembered webhook. ``disabled_reason`` is None unless it was made inactive by the system."""

    url: str
    event_types: tuple[str, ...]
    active: bool
    disabled_reason: str | None
    removed: bool

    def details(self) -> WebhookDetails:
        """Return the part that an administrator may change."""
        return WebhookDetails(url=self.url, event_types=self.event_types, active=self.active)

    def wants(self, event_type: str) -> bool:
        """Tell whether a fact of this stored type is to be delivered now."""
        return self.active and not self.removed and wants(self.event_types, event_type)

    @reduces(WebhookRegisteredDomainEvent)
    def _registered(self, event: WebhookRegisteredDomainEvent) -> None:
        self.url = event.url
        self.event_types = tuple(event.event_types)
        self.active = event.active
        self.disabled_reason = None
        self.removed = False

    @reduces(WebhookChangedDomainEvent)
    def _changed(self, event: WebhookChangedDomainEvent) -> None:
        for name, change in event.changed_fields.items():
            setattr(self, name, tuple(change.new) if name == "event_types" else change.new)
        if self.active:
            self.disabled_reason = None

    @reduces(WebhookSecretReplacedDomainEvent)
    def _secret_replaced(self, _event: WebhookSecretReplacedDomainEvent) -> None:
        pass

    @reduces(WebhookDisabledDomainEvent)
    def _disabled(self, event: WebhookDisabledDomainEvent) -> None:
        self.active = False
        self.disabled_reason = event.reason

    @reduces(WebhookRemovedDomainEvent)
    def _removed(self, _event: WebhookRemovedDomainEvent) -> None:
        self.active = False
        self.removed = True


class Webhook(Aggregate[WebhookState]):
    """An address, from its registration to its removal."""

    @classmethod
    def register(cls, webhook_id: str, details: WebhookDetails, at: datetime) -> "Webhook":
        """Begin to tell an address about facts."""
        webhook = cls()
        webhook.record(
            WebhookRegisteredDomainEvent(
                aggregate_id=webhook_id,
                created_at=at,
                url=details.url,
                event_types=list(details.event_types),
                active=details.active,
            )
        )
        return webhook

    def change(self, details: WebhookDetails, at: datetime) -> None:
        """Change what an administrator may change; record nothing when nothing differs.

        Raises:
            WebhookRemovedError: the webhook is removed.
        """
        self._refuse_if_removed()
        changes = {
            name: FieldChange(_plain(old), _plain(getattr(details, name)))
            for name, old in vars(self.state.details()).items()
            if old != getattr(details, name)
        }
        if changes:
            self.record(WebhookChangedDomainEvent(aggregate_id=self.state.id, created_at=at, changed_fields=changes))

    def note_secret_replaced(self, at: datetime) -> None:
        """Record that the credential store gets another secret for this webhook."""
        self._refuse_if_removed()
        self.record(WebhookSecretReplacedDomainEvent(aggregate_id=self.state.id, created_at=at))

    def disable(self, reason: str, at: datetime) -> bool:
        """Send nothing any more; False when that is so already."""
        if not self.state.active:
            return False
        self.record(WebhookDisabledDomainEvent(aggregate_id=self.state.id, created_at=at, reason=reason))
        return True

    def remove(self, at: datetime) -> None:
        """Forget the address for good.

        Raises:
            WebhookRemovedError: that was done before.
        """
        self._refuse_if_removed()
        self.record(WebhookRemovedDomainEvent(aggregate_id=self.state.id, created_at=at))

    def _refuse_if_removed(self) -> None:
        if self.state.removed:
            raise WebhookRemovedError(f"webhook {self.state.id} is removed")


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
