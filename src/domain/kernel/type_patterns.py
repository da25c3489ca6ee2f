"""Patterns over stored type names: which facts somebody wants to hear of."""

import re

EVERYTHING = "*"
LONGEST_PATTERN = 128
RULE = "must each be *, a prefix such as labs.*, or a name such as labs.lab-state-changed with or without .v1"

_SEGMENT = "[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
_is_pattern = re.compile(rf"\*|{_SEGMENT}(?:\.{_SEGMENT})*\.\*|{_SEGMENT}(?:\.{_SEGMENT})+").fullmatch


def is_pattern(text: str) -> bool:
    """Tell whether a text keeps :data:`RULE`."""
    return len(text) <= LONGEST_PATTERN and _is_pattern(text) is not None


def fits(pattern: str, event_type: str) -> bool:
    """Tell whether a pattern stands for a stored type name, e.g. ``labs.lab-state-changed.v1``."""
    if pattern.endswith(".*"):
        return event_type.startswith(pattern[:-1])
    return pattern in (EVERYTHING, event_type) or event_type.rpartition(".v")[0] == pattern
