"""Uploads that may be larger, and take longer, than other bodies: each endpoint of that kind says how large."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_MARK = "__labkeeper_body_limit__"


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """What one route takes."""

    max_bytes: int
    timeout_seconds: float


def takes_uploads(max_bytes: int, timeout_seconds: float) -> Callable[[Endpoint], Endpoint]:
    """Declare how large a body an endpoint takes, and for how long. Its path must have no parameters."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _MARK, BodyLimit(max_bytes, timeout_seconds))
        return endpoint

    return mark


def body_limit_of(endpoint: Any) -> BodyLimit | None:
    """Return what an endpoint declares; None for the limit that all have."""
    declared = getattr(endpoint, _MARK, None)
    return declared if isinstance(declared, BodyLimit) else None
