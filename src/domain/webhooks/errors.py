"""Refusals of the webhooks context.

DomainError
├── InvalidWebhookError    a field of a webhook breaks a rule; names the field
└── WebhookRemovedError
"""

from domain.kernel.errors import DomainError


class InvalidWebhookError(DomainError):
    """A field of a webhook breaks a rule. The message never holds the value: it may be a secret.

    Attributes:
        field: name of the field.
        rule: what it must be.
    """

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field} {rule}")
        self.field = field
        self.rule = rule


class WebhookRemovedError(DomainError):
    """A removed webhook accepts no change."""
