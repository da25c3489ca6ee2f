"""Taking secrets out of whatever leaves the process as text: log lines, spans, recorded errors."""

import re
from collections.abc import Mapping
from typing import Any

REDACTED = "[redacted]"

_WORDS = r"passw(?:or)?d|passphrase|secret|token|authorization|credential|cookie|api[_-]?key|private[_-]?key"
_SECRET_KEY = re.compile(rf"(?:{_WORDS})", re.IGNORECASE)

_IN_TEXT = (
    # A JSON Web Token: three base64url parts, the first of which begins with {" in base64.
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]*\.?[\w-]*"), REDACTED),
    # user:password@ in a URL. A password may hold another @, so everything up to the last one of the word goes.
    (re.compile(r"(://)[^\s/@:\"'<>]{0,256}:[^\s\"'<>]{0,1024}@"), rf"\1{REDACTED}@"),
    (re.compile(r"\b(bearer|basic)(\s+)[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1\2{REDACTED}"),
    # name=value and "name": "value" with a name that says secret.
    (
        re.compile(
            rf"(\b[\w-]{{0,64}}(?:{_WORDS})s?[\"']?\s{{0,4}}[:=]\s{{0,4}})"
            r"(?!(?:bearer|basic)\s)(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s,;&})\]\"']+)",
            re.IGNORECASE,
        ),
        rf"\1{REDACTED}",
    ),
)


def is_secret_key(key: str) -> bool:
    """Tell whether values under this name are secrets."""
    return _SECRET_KEY.search(key) is not None


def redacted_text(text: str) -> str:
    """Return a text with everything masked that looks like a secret."""
    for pattern, replacement in _IN_TEXT:
        text = pattern.sub(replacement, text)
    return text


def redacted(value: Any, depth: int = 6) -> Any:
    """Return a value with the secrets in it masked, at any depth; below ``depth`` it becomes masked text.

    Numbers, booleans, times and None come back as they are; an object that is none of JSON's becomes its masked text.
    """
    if isinstance(value, str):
        return redacted_text(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if depth == 0:
        return redacted_text(str(value))
    if isinstance(value, Mapping):
        return redacted_mapping(value, depth - 1)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redacted(item, depth - 1) for item in value]
    return redacted_text(str(value))


def redacted_mapping(mapping: Mapping[Any, Any], depth: int = 6) -> dict[str, Any]:
    """Return a mapping with secrets masked: by the name they stand under, and by what they look like."""
    return {
        str(key): REDACTED if value is not None and is_secret_key(str(key)) else redacted(value, depth)
        for key, value in mapping.items()
    }
