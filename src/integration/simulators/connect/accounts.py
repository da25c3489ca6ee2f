"""Who may log in, and the client that they log in through."""

from collections.abc import Iterable
from dataclasses import dataclass
from secrets import compare_digest
from urllib.parse import urlsplit

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a login; ``organizations`` are the slugs of theirs."""

    id: int
    username: str
    name: str
    email: str
    organizations: frozenset[str] = frozenset()


class Users:
    """All users; one password for all of them."""

    def __init__(self, users: tuple[User, ...], password: str) -> None:
        self._users = {user.username: user for user in users}
        self._password = password

    def find(self, username: object) -> User | None:
        """Return a user; None when there is none of that name."""
        return self._users.get(username) if isinstance(username, str) else None

    def log_in(self, username: object, password: object) -> User | None:
        """Return the user; None when name and password do not match."""
        if not isinstance(password, str) or not compare_digest(self._password.encode(), password.encode()):
            return None
        return self.find(username)

    def ids(self) -> dict[str, int]:
        """Return the number of every username."""
        return {user.username: user.id for user in self._users.values()}

    def replace(self, user: User) -> None:
        """Have this user in place of the one with the same name."""
        self._users[user.username] = user

    def replace_all(self, users: Iterable[User]) -> None:
        """Have exactly these users."""
        self._users = {user.username: user for user in users}

    def remove(self, username: str) -> None:
        """Have this user no longer."""
        self._users.pop(username, None)


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """The registered application.

    Attributes:
        redirect_uris: where codes may be sent. Empty allows every URL on this machine.
    """

    client_id: str
    secret: str
    redirect_uris: tuple[str, ...] = ()

    def is_it(self, client_id: object, secret: object) -> bool:
        """Tell whether somebody proved to be this client."""
        return (
            isinstance(client_id, str)
            and isinstance(secret, str)
            and compare_digest(self.client_id.encode(), client_id.encode())
            and compare_digest(self.secret.encode(), secret.encode())
        )

    def may_be_sent_to(self, redirect_uri: str) -> bool:
        """Tell whether codes may go to this URL."""
        if self.redirect_uris:
            return redirect_uri in self.redirect_uris
        try:
            parts = urlsplit(redirect_uri)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and parts.hostname in _LOOPBACK and not parts.fragment
