"""Who is asking, once that is known."""

from dataclasses import dataclass

from api.kernel.authorization import Role
from application.kernel.sign_in import SignedIn


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever a request is made for.

    Attributes:
        role: None when a token names none that we know.
        expires_at: until when they are known, seconds since the epoch.
        signed_in: what another system told about them; None for a token of ours.
        by_cookie: known by what a browser sends by itself, so that it has to be made sure that they meant it.
    """

    subject: str
    role: Role | None
    not_before: float
    expires_at: float
    signed_in: SignedIn | None = None
    by_cookie: bool = False


class InvalidTokenError(Exception):
    """A token is not to be trusted. The message says why, in words that are safe to show."""
