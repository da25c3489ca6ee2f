"""The names and flags of our cookies."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import Response


@dataclass(frozen=True, slots=True)
class Cookies:
    """How the cookies of a request are named and set.

    Attributes:
        secure: whether the browser is behind TLS: then they are sent over TLS only, and bear the prefix with which
            browsers take them from nobody but this very host.
    """

    secure: bool

    @classmethod
    def over(cls, scheme: str, public_url: str) -> "Cookies":
        """Return the cookies of a request.

        Args:
            scheme: of the request, or what a trusted proxy says of it.
            public_url: where this installation is known; an https one makes them secure however a request came.
        """
        return cls(secure=scheme == "https" or urlsplit(public_url).scheme == "https")

    @property
    def session(self) -> str:
        """Name of the cookie that holds a session's secret."""
        return self._named("labkeeper_session")

    @property
    def login(self) -> str:
        """Name of the cookie that binds a login under way to its browser."""
        return self._named("labkeeper_login")

    def put(self, answer: Response, name: str, value: str, seconds: int) -> None:
        """Give the browser a cookie for so long."""
        answer.set_cookie(name, value, seconds, path="/", secure=self.secure, httponly=True, samesite="lax")

    def drop(self, answer: Response, name: str) -> None:
        """Let the browser forget a cookie."""
        answer.delete_cookie(name, path="/", secure=self.secure, httponly=True, samesite="lax")

    def _named(self, name: str) -> str:
        return f"__Host-{name}" if self.secure else name
