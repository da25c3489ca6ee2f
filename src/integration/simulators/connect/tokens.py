"""Codes and tokens that were given out."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from secrets import token_urlsafe
from typing import Any

from integration.simulators.connect.state_file import StateFile

SCOPES = {"openid", "read", "write", "export"}
CODE_SECONDS = 60.0
NEVER = 32_503_680_000.0


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code: for one exchange, by whoever has the verifier."""

    username: str
    redirect_uri: str
    scope: str
    challenge: str
    nonce: str | None
    expires_at: float
    family: str


@dataclass(frozen=True, slots=True)
class Token:
    """An access or refresh token. ``family`` is shared by all that came out of one login; times are epoch seconds."""

    username: str | None
    scope: str
    family: str
    expires_at: float
    pair: str = ""


class TokenStore:
    """Gives out codes and tokens and remembers them.

    Args:
        access_seconds: how long an access token is accepted.
        now: epoch seconds.
    """

    def __init__(self, access_seconds: float, state: StateFile, now: Callable[[], float] = time.time) -> None:
        self.access_seconds = access_seconds
        self._state = state
        self._now = now
        kept = state.keep("tokens", self._kept) or {"access": {}, "refresh": {}}
        self._codes: dict[str, Code] = {}
        self._spent: dict[str, str] = {}
        self._access = {value: Token(**token) for value, token in kept["access"].items()}
        self._refresh = {value: Token(**token) for value, token in kept["refresh"].items()}

    def new_code(self, username: str, redirect_uri: str, scope: str, challenge: str, nonce: str | None) -> str:
        """Give out a code for a user who logged in."""
        value = token_urlsafe(24)
        ends_at = self._now() + CODE_SECONDS
        self._codes[value] = Code(username, redirect_uri, scope, challenge, nonce, ends_at, token_urlsafe(8))
        return value

    def spend_code(self, value: str) -> Code | None:
        """Return what a code stands for, once; None afterwards, and then what it was spent for is revoked."""
        if value in self._spent:
            self._revoke_family(self._spent[value])
            return None
        code = self._codes.pop(value, None)
        if code is None or code.expires_at <= self._now():
            return None
        self._spent[value] = code.family
        return code

    def give(
        self, username: str | None, scope: str, *, family: str | None = None, with_refresh: bool = True
    ) -> dict[str, Any]:
        """Give out an access token; return the answer of the token endpoint."""
        family = family or token_urlsafe(8)
        access, refresh = token_urlsafe(30), token_urlsafe(30)
        self._access[access] = Token(username, scope, family, self._now() + self.access_seconds, refresh)
        told = {
            "access_token": access,
            "expires_in": int(self.access_seconds),
            "token_type": "Bearer",
            "scope": scope,
        }
        if with_refresh:
            self._refresh[refresh] = Token(username, scope, family, NEVER, access)
            told["refresh_token"] = refresh
        self._state.changed()
        return told

    def refreshed(self, value: str, scope: str | None) -> dict[str, Any] | None:
        """Give a new pair for a refresh token, which ends with its access token; None when it is not accepted."""
        token = self._refresh.get(value)
        if token is None or not set((scope or token.scope).split()) <= set(token.scope.split()):
            return None
        del self._refresh[value]
        self._access.pop(token.pair, None)
        return self.give(token.username, scope or token.scope, family=token.family)

    def who(self, value: str) -> Token | None:
        """Return what an access token stands for; None when it is not, or no longer, accepted."""
        token = self._access.get(value)
        return token if token is not None and token.expires_at > self._now() else None

    def revoke(self, value: str) -> None:
        """Accept a token no longer, whichever kind it is; a refresh token takes its access token along."""
        token = self._refresh.pop(value, None)
        self._access.pop(token.pair if token is not None else value, None)
        self._state.changed()

    def expire(self, username: str | None = None, *, refresh: bool = False) -> None:
        """Accept the access tokens of somebody, or of everybody, no longer; with ``refresh`` nor their refreshing."""
        for held in (self._access, self._refresh) if refresh else (self._access,):
            for value in [value for value, token in held.items() if username in (None, token.username)]:
                del held[value]
        self._state.changed()

    def _revoke_family(self, family: str) -> None:
        for held in (self._access, self._refresh):
            for value in [value for value, token in held.items() if token.family == family]:
                del held[value]
        self._state.changed()

    def _kept(self) -> dict[str, Any]:
        return {
            "access": {value: asdict(token) for value, token in self._access.items()},
            "refresh": {value: asdict(token) for value, token in self._refresh.items()},
        }
