"""Connect's authorization server over HTTP."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from application.access.connect_logins import (
    ConnectLogins,
    Grant,
    LoginRefusedError,
    PendingLogin,
    Person,
    TokenFacts,
)
from domain.kernel.clock import Clock
from domain.kernel.errors import UnavailableError
from integration.access.id_tokens import check_id_token
from integration.access.pkce import challenge_of
from integration.http.address_policy import AddressPolicy
from integration.http.errors import UpstreamError
from integration.http.resilient_client import ResilientClient
from integration.http.retry import PATIENCE_SECONDS, RetryPolicy
from integration.http.single_call import UpstreamResponse

SCOPES = "export openid"
USUAL_LIFETIME_SECONDS = 1_209_600.0
"""Of an access token that does not say how long it lives."""
DEADLINE_SECONDS = 10.0
_FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
_LONGEST_NAME = 255


class HttpConnectLogins(ConnectLogins):
    """Codes and refresh tokens are sent once: whether a lost answer has used them up, nobody can tell.

    Args:
        url: base URL of Connect; empty where there is none: then nothing can be asked.
    """

    def __init__(self, url: str, client_id: str, client_secret: str, policy: AddressPolicy, clock: Clock) -> None:
        self._url = url.rstrip("/")
        self._client_id = client_id
        self._client_secret = client_secret
        self._clock = clock
        self._http = ResilientClient(
            policy=policy,
            retry=RetryPolicy(attempts=2),
            request_timeout_seconds=DEADLINE_SECONDS,
            deadline_seconds=DEADLINE_SECONDS,
            patience_seconds=PATIENCE_SECONDS,
            max_response_bytes=1 << 20,
            clock=clock,
        )

    async def close_async(self) -> None:
        """Close the connections."""
        await self._http.close_async()

    def authorization_url(self, state: str, login: PendingLogin) -> str:
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": login.redirect_uri,
            "scope": SCOPES,
            "state": state,
            "nonce": login.nonce,
            "code_challenge": challenge_of(login.verifier),
            "code_challenge_method": "S256",
        }
        return f"{self._url}/o/authorize/?{urlencode(asked)}"

    async def exchange_async(self, code: str, login: PendingLogin) -> Grant:
        asked_at = self._clock.now()
        told = await self._token_async(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": login.redirect_uri,
                "code_verifier": login.verifier,
            }
        )
        if told.get("id_token") is not None:
            check_id_token(told["id_token"], self._client_id, login.nonce, asked_at)
        return _grant(told, None, asked_at)

    async def refresh_async(self, refresh_token: str) -> Grant:
        asked_at = self._clock.now()
        told = await self._token_async({"grant_type": "refresh_token", "refresh_token": refresh_token})
        return _grant(told, refresh_token, asked_at)

    async def introspect_async(self, token: str) -> TokenFacts | None:
        pair = f"{quote(self._client_id, safe='')}:{quote(self._client_secret, safe='')}"
        basic = {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        answer = await self._post_async("/o/introspect/", {"token": token}, basic, again=True)
        if answer.status != 200:
            raise UnavailableError(f"Connect answered {answer.status} to the question about a token", 5.0)
        told = _object(answer)
        username, expires = told.get("username"), told.get("exp")
        if told.get("active") is not True or not _is_name(username):
            return None
        until = self._clock.now() + timedelta(seconds=USUAL_LIFETIME_SECONDS)
        if isinstance(expires, int | float) and not isinstance(expires, bool):
            until = datetime.fromtimestamp(min(max(expires, 0), 32_503_680_000), UTC)
        return TokenFacts(str(username), frozenset(str(told.get("scope") or "").split()), until)

    async def person_async(self, username: str, access_token: str) -> Person:
        headers = {"authorization": f"Bearer {access_token}", "accept": "application/json"}
        try:
            answer = await self._http.request_async("GET", f"{self._url}/o/userinfo/", headers=headers)
            told = answer.json() if answer.status == 200 else {}
        except UpstreamError:
            told = {}
        name, email = (told.get("name"), told.get("email")) if isinstance(told, dict) else (None, None)
        return Person(username, str(name) if _is_name(name) else "", str(email) if _is_name(email) else "")

    async def _token_async(self, form: dict[str, str]) -> dict[str, Any]:
        proof = {"client_id": self._client_id, "client_secret": self._client_secret}
        answer = await self._post_async("/o/token/", form | proof, {}, again=False)
        if answer.status in (400, 401, 403):
            told = _object(answer) if answer.body.startswith(b"{") else {}
            if told.get("error") == "invalid_client":
                raise UnavailableError("Connect does not know this installation: check LABKEEPER_CONNECT_CLIENT_*", 60)
            raise LoginRefusedError("Connect does not accept this login any more")
        if answer.status != 200:
            raise UnavailableError(f"Connect answered {answer.status} to a login", 5.0)
        return _object(answer)

    async def _post_async(
        self, path: str, form: dict[str, str], headers: Mapping[str, str], *, again: bool
    ) -> UpstreamResponse:
        if not self._url:
            raise UnavailableError("there is no Connect: LABKEEPER_CONNECT_URL is not set", 3600.0)
        try:
            return await self._http.request_async(
                "POST",
                self._url + path,
                headers={**_FORM, **headers},
                content=urlencode(form).encode(),
                idempotent=again,
            )
        except UpstreamError as error:
            raise UnavailableError(f"Connect gives no answer: {error.why}", 5.0) from error


def _grant(told: Mapping[str, Any], refresh_token: str | None, asked_at: datetime) -> Grant:
    access, refresh, seconds = told.get("access_token"), told.get("refresh_token"), told.get("expires_in")
    if not isinstance(access, str) or not access or str(told.get("token_type", "Bearer")).lower() != "bearer":
        raise UnavailableError("Connect answered a login without a token", 5.0)
    usable = isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds < 1e10
    lifetime = float(seconds) if usable and seconds is not None else USUAL_LIFETIME_SECONDS
    again = refresh if isinstance(refresh, str) and refresh else refresh_token
    return Grant(access, again, asked_at + timedelta(seconds=lifetime), lifetime)


def _object(answer: UpstreamResponse) -> dict[str, Any]:
    try:
        told = answer.json()
    except UpstreamError as error:
        raise UnavailableError("Connect answered with something that is no JSON", 5.0) from error
    if not isinstance(told, dict):
        raise UnavailableError("Connect answered with something unexpected", 5.0)
    return told


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME and value.isprintable()
