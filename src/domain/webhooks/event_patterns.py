"""Which facts a webhook wants, as patterns over stored type names."""

import re
from collections.abc import Iterable

from domain.webhooks.errors import InvalidWebhookError

EVERYTHING = "*"
MOST_PATTERNS = 50
LONGEST_PATTERN = 128

_SEGMENT = "[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
_PATTERN = re.compile(rf"\*|{_SEGMENT}(?:\.{_SEGMENT})*\.\*|{_SEGMENT}(?:\.{_SEGMENT})+")
_RULE = "must each be *, a prefix such as labs.*, or a name such as labs.lab-state-changed with or without .v1"


def checked_patterns(patterns: Iterable[str]) -> tuple[str, ...]:
    """Return patterns in the given order, each once.

    Raises:
        InvalidWebhookError: there are none or too many, or one cannot be a pattern.
    """
    wanted = tuple(dict.fromkeys(patterns))
    if not 1 <= len(wanted) <= MOST_PATTERNS:
        raise InvalidWebhookError("event_types", f"must hold 1 to {MOST_PATTERNS} patterns")
    if any(len(pattern) > LONGEST_PATTERN or not _PATTERN.fullmatch(pattern) for pattern in wanted):
        raise InvalidWebhookError("event_types", _RULE)
    return wanted


def wants(patterns: Iterable[str], event_type: str) -> bool:
    """Tell whether a stored type name, e.g. ``labs.lab-state-changed.v1``, fits one of the patterns."""
    unversioned = event_type.rpartition(".v")[0]
    return any(
        pattern in (EVERYTHING, event_type, unversioned)
        or (pattern.endswith(".*") and event_type.startswith(pattern[:-1]))
        for pattern in patterns
    )
