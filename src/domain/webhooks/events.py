"""The facts of the webhooks context. The secret is in none of them."""

from domain.kernel.domain_event import RecordedDomainEvent, domain_event
from domain.kernel.field_change import FieldChange


@domain_event("webhooks.webhook-registered.v1")
class WebhookRegisteredDomainEvent(RecordedDomainEvent):
    url: str
    event_types: list[str]
    active: bool


@domain_event("webhooks.webhook-changed.v1")
class WebhookChangedDomainEvent(RecordedDomainEvent):
    """``changed_fields`` maps ``url``, ``event_types`` or ``active`` to old and new."""

    changed_fields: dict[str, FieldChange]


@domain_event("webhooks.webhook-secret-replaced.v1")
class WebhookSecretReplacedDomainEvent(RecordedDomainEvent):
    """Says that the secret was replaced; what it is stays in the credential store."""


@domain_event("webhooks.webhook-disabled.v1")
class WebhookDisabledDomainEvent(RecordedDomainEvent):
    """Nothing is sent any more until somebody makes it active again."""

    reason: str


@domain_event("webhooks.webhook-removed.v1")
class WebhookRemovedDomainEvent(RecordedDomainEvent):
    pass


WEBHOOKS_EVENTS: tuple[type[RecordedDomainEvent], ...] = (
    WebhookRegisteredDomainEvent,
    WebhookChangedDomainEvent,
    WebhookSecretReplacedDomainEvent,
    WebhookDisabledDomainEvent,
    WebhookRemovedDomainEvent,
)
"""Every event that may stand in the webhooks log."""
