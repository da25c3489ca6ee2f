"""Ports of logging in at Connect: the authorization server, logins under way, sessions, and the tokens behind them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime

from application.contracts.labs_context import LabsContext
from application.kernel.sign_in import BrowserSessions
from domain.kernel.errors import LabkeeperError

NEEDED_SCOPE = "export"


class LoginRefusedError(LabkeeperError):
    """The authorization server, or our own check of what it said, refuses. The message is safe to show."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Tokens of one login. ``lifetime_seconds`` is the whole life of the access token, not what is left."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: datetime
    lifetime_seconds: float


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What the authorization server says about a token of some user."""

    username: str
    scopes: frozenset[str]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who logged in. Name and e-mail are empty where they are not told."""

    username: str
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """A login that a browser has begun.

    Attributes:
        verifier: of PKCE.
        nonce: what an id_token must hold.
        redirect_uri: where the code comes back to.
        next: local path to go to in the end.
    """

    verifier: str = field(repr=False)
    nonce: str = field(repr=False)
    redirect_uri: str
    next: str


class ConnectLogins(ABC):
    """The authorization server. Raises ``UnavailableError`` when it does not answer."""

    @abstractmethod
    def authorization_url(self, state: str, login: PendingLogin) -> str:
        """Return where to send a browser to."""

    @abstractmethod
    async def exchange_async(self, code: str, login: PendingLogin) -> Grant:
        """Return the tokens for a code, once.

        Raises:
            LoginRefusedError: the code is none, or was used, or an id_token came back that is not for this login.
        """

    @abstractmethod
    async def refresh_async(self, refresh_token: str) -> Grant:
        """Return new tokens; the refresh token is used up by that.

        Raises:
            LoginRefusedError: it is accepted no more.
        """

    @abstractmethod
    async def introspect_async(self, token: str) -> TokenFacts | None:
        """Return what a token stands for; None when it is not accepted, or belongs to nobody."""

    @abstractmethod
    async def person_async(self, username: str, access_token: str) -> Person:
        """Return what somebody is called; without name and e-mail where that cannot be had."""


class PendingLogins(ABC):
    """Logins under way, each for one browser and one return."""

    @abstractmethod
    async def begin_async(self, state: str, browser: str, login: PendingLogin) -> None:
        """Keep a login for a few minutes."""

    @abstractmethod
    async def take_async(self, state: str, browser: str) -> PendingLogin | None:
        """Return a login and forget it; None when this browser has begun none under this state, or too long ago."""


class Sessions(BrowserSessions):
    """Sessions of browsers."""

    @abstractmethod
    async def open_async(self, person: Person, role: str | None = None, ends_at: datetime | None = None) -> str:
        """Begin a session; return the secret that the browser shall hold.

        Args:
            role: what its holder may do; None for whoever logged in at Connect.
            ends_at: when it ends at the latest; None for as long as any session may last.
        """

    @abstractmethod
    async def person_async(self, session_key: str) -> Person | None:
        """Return whose session it is; None when it has ended."""

    @abstractmethod
    async def choose_context_async(self, session_key: str, context: LabsContext) -> None:
        """Keep where they work."""

    @abstractmethod
    async def end_async(self, session_key: str) -> None:
        """End a session."""

    @abstractmethod
    async def end_by_secret_async(self, secret: str) -> None:
        """End the session that a browser holds the secret of, if there is one."""

    @abstractmethod
    async def has_any_async(self, username: str) -> bool:
        """Tell whether somebody has a session that has not ended."""


class Grants(ABC):
    """The tokens behind the logins: one grant per person, the one of their latest login."""

    @abstractmethod
    async def keep_async(self, username: str, grant: Grant) -> None:
        """Keep a grant in place of an earlier one."""

    @abstractmethod
    async def forget_async(self, username: str) -> None:
        """Forget somebody's grant."""

    @abstractmethod
    async def is_usable_async(self, username: str) -> bool:
        """Tell whether there is a grant that Connect should still accept, or refresh."""
