"""A login at one controller, kept as long as the controller accepts it."""

import asyncio
import re
from collections.abc import Mapping

from application.labs.ports import (
    ControllerError,
    ControllerRefusedError,
    ControllerTarget,
    ControllerUnavailableError,
)
from integration.http.errors import (
    AddressNotAllowedError,
    UpstreamAnswerError,
    UpstreamError,
    UpstreamTimeoutError,
    UpstreamTlsError,
)
from integration.http.resilient_client import ResilientClient
from integration.http.single_call import UpstreamResponse
from integration.labs.cml_json import read_despite_half_pairs

API = "/api/v0"
_is_token = re.compile(r"[A-Za-z0-9._~+/=-]{1,16384}\Z").match


class CmlSession:
    """The token for one worker. Any number of calls share it; when it expires, one of them logs in again for all."""

    def __init__(self, target: ControllerTarget, client: ResilientClient) -> None:
        self._target = target
        self._client = client
        self._token: str | None = None
        self._login_lock = asyncio.Lock()

    def visit(self) -> "CmlVisit":
        """Start a series of calls that may log in again once."""
        return CmlVisit(self)

    async def token_async(self, stale: str | None) -> str:
        """Return a token other than the stale one, logging in if need be."""
        async with self._login_lock:
            if self._token is None or self._token == stale:
                self._token = None
                self._token = await self._login_async()
            return self._token

    async def call_async(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, str] | None = None,
    ) -> UpstreamResponse:
        """Make a call; what goes wrong below HTTP becomes a ``ControllerError``."""
        headers = {"accept": "application/json"}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        try:
            # A login twice is two tokens and no harm.
            return await self._client.request_async(
                method, API + path, headers=headers, params=params, json=json, idempotent=True
            )
        except UpstreamError as error:
            raise translated(error) from error

    async def check_ready_async(self) -> None:
        """Raise if the controller says itself that it is not ready. Whatever else it says here is no reason to stop."""
        response = await self.call_async("GET", "/system_information")
        if response.status != 200:
            return
        try:
            said = response.json()
        except UpstreamAnswerError:
            return
        if isinstance(said, dict) and said.get("ready") is False:
            raise ControllerUnavailableError(response.url, "not_ready", "the controller says it is not ready yet", 30.0)

    async def _login_async(self) -> str:
        await self.check_ready_async()
        credentials = self._target.credentials
        response = await self.call_async(
            "POST", "/authenticate", json={"username": credentials.username, "password": credentials.password}
        )
        if response.status in (400, 401, 403, 422):
            raise ControllerRefusedError(
                response.url,
                "unauthorised",
                "the user name or password is not accepted",
                upstream_status=response.status,
            )
        raise_for_status(response)
        token = decoded(response)
        # From None and without its text: the answer is the secret.
        if not isinstance(token, str) or _is_token(token) is None:
            raise ControllerRefusedError(response.url, "invalid_answer", "the login was answered without a token")
        return token


class CmlVisit:
    """The calls of one listing: a refused token is renewed once, and once only."""

    def __init__(self, session: CmlSession) -> None:
        self._session = session
        self._renewed_from: str | None = None

    async def get_async(self, path: str, params: Mapping[str, str] | None = None) -> UpstreamResponse:
        """Return the answer with whatever status except 401.

        Raises:
            ControllerError: unauthorised when the renewed token is refused too; whatever went wrong below HTTP.
        """
        token = await self._session.token_async(stale=self._renewed_from)
        response = await self._session.call_async("GET", path, token=token, params=params)
        if response.status == 401 and self._renewed_from in (None, token):
            self._renewed_from = token
            token = await self._session.token_async(stale=token)
            response = await self._session.call_async("GET", path, token=token, params=params)
        if response.status == 401:
            raise ControllerRefusedError(
                response.url, "unauthorised", "the token is refused, a new one as well", upstream_status=401
            )
        return response


def raise_for_status(response: UpstreamResponse) -> None:
    """Return for 200; raise what any other status means for a whole listing."""
    status = response.status
    if status == 200:
        return
    if status == 403:
        raise ControllerRefusedError(response.url, "unauthorised", "the account may not do this", upstream_status=403)
    if status in (429, 502, 503, 504):
        raise ControllerUnavailableError(
            response.url, "not_ready", f"the controller answered {status}", response.retry_after_seconds or 5.0
        )
    raise ControllerRefusedError(
        response.url, "invalid_answer", f"the controller answered {status}", upstream_status=status
    )


def decoded(response: UpstreamResponse) -> object:
    """Return the JSON of an answer; an ``UnreadableText`` stands where a text could not be stored.

    Raises:
        ControllerError: it is none.
    """
    try:
        answer: object = response.json()
    except UpstreamAnswerError as error:
        rest = read_despite_half_pairs(response.body)
        if rest is None:
            raise ControllerRefusedError(error.url, "invalid_answer", error.why) from error
        return rest
    return answer


def translated(error: UpstreamError) -> ControllerError:
    """Return what a failed call means for the port."""
    if isinstance(error, UpstreamTlsError):
        return ControllerUnavailableError(error.url, "tls", error.why, 30.0)
    if isinstance(error, UpstreamTimeoutError):
        return ControllerUnavailableError(error.url, "timed_out", error.why, 5.0)
    if isinstance(error, UpstreamAnswerError):
        return ControllerRefusedError(error.url, "invalid_answer", error.why)
    if isinstance(error, AddressNotAllowedError):
        return ControllerUnavailableError(error.url, "unreachable", error.why, 300.0)
    return ControllerUnavailableError(error.url, "unreachable", error.why, 5.0)
