"""Refusals of the webhooks context.

DomainError
├── InvalidWebhookError    a field of a webhook breaks a rule; names the field
└── WebhookRemovedError
"""

from domain.kernel.errors import DomainError, InvalidFieldError


class InvalidWebhookError(InvalidFieldError):
    """A field of a webhook breaks a rule. The message never holds the value: it may be a secret."""


class WebhookRemovedError(DomainError):
    """A removed webhook accepts no change."""
