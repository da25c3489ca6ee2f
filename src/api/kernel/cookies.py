"""The names and flags of our cookies."""

from dataclasses import dataclass

from fastapi import Response


@dataclass(frozen=True, slots=True)
class Cookies:
    """How cookies are set.

    Attributes:
        secure: whether this installation is known under an https address: then they are sent over TLS only, and
            bear the prefix with which browsers take them from nobody but this very host.
    """

    secure: bool

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
