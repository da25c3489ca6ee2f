"""What a request brings along about whom it is made for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any

_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Presented:
    """The headers that say who asks, and from where.

    Attributes:
        authorization: the one Authorization header; None without one, or when there are two.
        has_authorization: whether there is any.
        cookies: the Cookie headers.
        unsafe: whether the method may change something.
        scheme: http or https; what a trusted proxy says goes before the connection's own.
    """

    authorization: str | None
    has_authorization: bool
    cookies: tuple[str, ...]
    unsafe: bool
    origin: str | None = None
    fetch_site: str | None = None
    host: str = ""
    scheme: str = "http"

    @classmethod
    def by(cls, scope: Mapping[str, Any]) -> "Presented":
        """Read it off an ASGI scope."""
        headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
        given: list[str] = []
        cookies: list[str] = []
        others: dict[bytes, str] = {}
        for name, value in headers:
            if name == b"authorization":
                given.append(value.decode("latin-1"))
            elif name == b"cookie":
                cookies.append(value.decode("latin-1"))
            elif name in (b"origin", b"sec-fetch-site", b"host"):
                others[name] = value.decode("latin-1")
        return cls(
            given[0] if len(given) == 1 else None,
            bool(given),
            tuple(cookies),
            scope["method"] in _UNSAFE,
            others.get(b"origin"),
            others.get(b"sec-fetch-site"),
            others.get(b"host", ""),
            scope.get("scheme", "http"),
        )

    def cookie(self, name: str) -> str | None:
        """Return a cookie; None when it is not there, or there are two of that name that differ."""
        found: set[str] = set()
        for header in self.cookies:
            for part in header.split(";"):
                key, separator, value = part.strip().partition("=")
                if separator and key == name:
                    found.add(_unquoted(value))
        return found.pop() if len(found) == 1 else None


def _unquoted(value: str) -> str:
    try:
        return SimpleCookie(f"x={value}")["x"].value
    except (CookieError, KeyError):
        return value
