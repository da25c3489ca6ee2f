"""Which facts a webhook wants, as patterns over stored type names."""

from collections.abc import Iterable

from domain.kernel.type_patterns import RULE, fits, is_pattern
from domain.webhooks.errors import InvalidWebhookError

MOST_PATTERNS = 50


def checked_patterns(patterns: Iterable[str]) -> tuple[str, ...]:
    """Return patterns in the given order, each once.

    Raises:
        InvalidWebhookError: there are none or too many, or one cannot be a pattern.
    """
    wanted = tuple(dict.fromkeys(patterns))
    if not 1 <= len(wanted) <= MOST_PATTERNS:
        raise InvalidWebhookError("event_types", f"must hold 1 to {MOST_PATTERNS} patterns")
    if not all(is_pattern(pattern) for pattern in wanted):
        raise InvalidWebhookError("event_types", RULE)
    return wanted


def wants(patterns: Iterable[str], event_type: str) -> bool:
    """Tell whether a stored type name, e.g. ``labs.lab-state-changed.v1``, fits one of the patterns."""
    return any(fits(pattern, event_type) for pattern in patterns)
