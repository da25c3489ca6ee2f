"""Who may log in to a simulated controller, and the tokens it gave out."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from secrets import compare_digest, token_bytes

import jwt


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in; one who is no administrator sees the own labs only."""

    username: str
    password: str
    admin: bool


class Accounts:
    """The accounts and their tokens; like the real ones these are JWTs that run out."""

    def __init__(
        self, accounts: list[Account], token_seconds: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._accounts = {account.username: account for account in accounts}
        self._token_seconds = token_seconds
        self._monotonic = monotonic
        self._key = token_bytes(32)
        self._tokens: dict[str, tuple[Account, float]] = {}
        self._given = 0

    def log_in(self, username: object, password: object) -> tuple[Account, str] | None:
        """Return the account and a new token; None when they do not match."""
        if not isinstance(username, str) or not isinstance(password, str):
            return None
        account = self._accounts.get(username)
        if account is None or not compare_digest(account.password.encode(), password.encode()):
            return None
        self._given += 1
        claims = {"sub": username, "jti": str(self._given), "exp": int(time.time() + self._token_seconds)}
        token = jwt.encode(claims, self._key, algorithm="HS256")
        self._tokens[token] = (account, self._monotonic() + self._token_seconds)
        return account, token

    def who(self, authorization: str | None) -> Account | None:
        """Return whose token this is; None when it is nobody's, or no longer."""
        if authorization is None or not authorization.startswith("Bearer "):
            return None
        entry = self._tokens.get(authorization[7:])
        if entry is None or entry[1] <= self._monotonic():
            return None
        return entry[0]

    def expire_all(self) -> None:
        """Accept none of the tokens any longer."""
        self._tokens.clear()

    def log_out(self, authorization: str) -> None:
        """Accept this token no longer."""
        self._tokens.pop(authorization.removeprefix("Bearer "), None)
