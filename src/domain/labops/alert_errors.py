"""Refusals around alerts.

DomainError
├── InvalidAlertRuleError       a field of a rule breaks a rule of ours; names the field
├── InvalidAlertChannelError    the same of a channel; its message never holds the address
├── AlertRuleRemovedError
├── AlertChannelRemovedError
└── AlertResolvedError          a resolved alert cannot be acknowledged
"""

from domain.kernel.errors import DomainError, InvalidFieldError


class InvalidAlertRuleError(InvalidFieldError):
    """A field of an alert rule breaks a rule."""


class InvalidAlertChannelError(InvalidFieldError):
    """A field of a channel breaks a rule. The message never holds the value: an address is a secret."""


class AlertRuleRemovedError(DomainError):
    """A removed rule accepts no change."""


class AlertChannelRemovedError(DomainError):
    """A removed channel accepts no change."""


class AlertResolvedError(DomainError):
    """What is over needs nobody's acknowledgement."""
