"""Single calls of Connect on somebody's behalf."""

import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

from application.contracts.memberships import UpstreamTokens
from domain.kernel.errors import NoUpstreamTokenError, UnavailableError
from integration.connect.errors import (
    SYSTEM,
    AnswerLostError,
    ConnectNotAcceptableError,
    ConnectNotFoundError,
    ConnectRefusedError,
    UnusableAnswerError,
    named,
)
from integration.http.address_policy import AddressPolicy
from integration.http.circuit_breaker import CircuitBreaker
from integration.http.errors import (
    AddressNotAllowedError,
    UpstreamAnswerError,
    UpstreamError,
    UpstreamTlsError,
    UpstreamUnreachableError,
    cause_without_address,
)
from integration.http.resilient_client import ResilientClient
from integration.http.retry import PATIENCE_SECONDS, RetryPolicy
from integration.http.single_call import UpstreamResponse

RECORDS_SECONDS = 30.0
EXPORTS_SECONDS = 180.0
EXPORTS_SILENCE_SECONDS = 60.0
MAX_EXPORT_BYTES = 512 * 1024 * 1024
_GATEWAY_STATUSES = frozenset({502, 503, 504})
_RETRY_SECONDS = 5.0
_LONG_NUMBER = re.compile(rb"\d{19}")
log = logging.getLogger("labkeeper.connect")


class ConnectApi:
    """Reads are tried again, writes are sent once. Errors name the path and the cause; the address is
    in the log, the token nowhere.

    A token that is refused is refreshed once. While the last calls of a kind all failed, no more are made.

    Args:
        url: of the server; a path of its own is kept.
        records_seconds: over a whole call of records or memberships.
        exports_seconds, exports_silence_seconds: over a whole call of an export, and its longest silence.
        failure_threshold, open_seconds: of the circuit breaker.
    """

    def __init__(
        self,
        url: str,
        tokens: UpstreamTokens,
        *,
        policy: AddressPolicy | None = None,
        retry: RetryPolicy | None = None,
        verify_tls: bool = True,
        records_seconds: float = RECORDS_SECONDS,
        exports_seconds: float = EXPORTS_SECONDS,
        exports_silence_seconds: float = EXPORTS_SILENCE_SECONDS,
        failure_threshold: int = 5,
        open_seconds: float = 5.0,
    ) -> None:
        self.url = httpx.URL(url.rstrip("/"))
        self._tokens = tokens
        self._breaker = CircuitBreaker(
            counts=lambda error: isinstance(error, UnavailableError),
            failure_threshold=failure_threshold,
            open_seconds=open_seconds,
        )
        self._records = ResilientClient(
            base_url=str(self.url),
            policy=policy,
            retry=retry,
            verify_tls=verify_tls,
            request_timeout_seconds=records_seconds,
            deadline_seconds=records_seconds,
            patience_seconds=PATIENCE_SECONDS,
            max_connections=50,
        )
        self._exports = ResilientClient(
            base_url=str(self.url),
            policy=policy,
            retry=retry,
            verify_tls=verify_tls,
            request_timeout_seconds=exports_silence_seconds,
            deadline_seconds=exports_seconds,
            patience_seconds=PATIENCE_SECONDS,
            max_response_bytes=MAX_EXPORT_BYTES,
            max_connections=10,
        )

    async def get_async(
        self,
        username: str,
        target: str,
        params: Mapping[str, str] | None = None,
        *,
        accept: str = "application/json",
        export: bool = False,
        as_file: bool = False,
    ) -> UpstreamResponse:
        """Read something.

        Args:
            target: a path, or the URL of a next page on the same host.
            export: whether it may be large and take minutes.
            as_file: whether it may be larger than memory: it comes as a file, which the caller closes.

        Raises:
            UnavailableError: no usable answer.
            NoUpstreamTokenError: no login of that person is accepted.
            ConnectRefusedError: it said no.
        """
        client = self._exports if export else self._records
        headers = {"accept": accept}

        async def call(token: str) -> UpstreamResponse:
            try:
                return await client.request_async(
                    "GET", target, headers=_with(token, headers), params=params, as_file=as_file
                )
            except UpstreamAnswerError as error:
                log.warning("%s", error)
                raise UnusableAnswerError(error.url, error.why) from error
            except UpstreamError as error:
                raise UnavailableError(_told(error), _RETRY_SECONDS) from error

        return await self._called_async(username, target, call, is_write=False)

    async def send_async(self, username: str, method: str, path: str, body: Any) -> UpstreamResponse:
        """Send a write, once.

        Raises:
            AnswerLostError: it may have been taken.
            UnavailableError: it was surely not taken.
            NoUpstreamTokenError, ConnectRefusedError: as with reads.
        """
        content = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        headers = {"accept": "application/json", "content-type": "application/json"}

        async def call(token: str) -> UpstreamResponse:
            try:
                return await self._records.request_async(
                    method, path, headers=_with(token, headers), content=content, idempotent=False
                )
            except UpstreamError as error:
                if _was_not_sent(error):
                    raise UnavailableError(_told(error), _RETRY_SECONDS) from error
                raise AnswerLostError(_told(error), _RETRY_SECONDS) from error

        return await self._called_async(username, path, call, is_write=True)

    async def close_async(self) -> None:
        """Close all connections."""
        await self._records.close_async()
        await self._exports.close_async()

    async def _called_async(
        self, username: str, target: str, call: Callable[[str], Awaitable[UpstreamResponse]], *, is_write: bool
    ) -> UpstreamResponse:
        token = await self._tokens.token_of_async(username)
        if token is None:
            raise NoUpstreamTokenError(f"{SYSTEM}: there is no login of {username} to use")
        async with self._breaker.guarding(re.sub(r"\d+", "", httpx.URL(target).path)):
            response = await call(token)
            if response.status == 401:
                # Refused before anything was looked at: this may be sent again.
                token = await self._tokens.token_of_async(username, rejected=token)
                if token is not None:
                    response = await call(token)
            return _accepted(response, username, is_write=is_write)


def exact_json(response: UpstreamResponse) -> Any:
    """Return a decoded body with every number as it was written.

    Raises:
        UnusableAnswerError: it is no JSON.
    """
    try:
        # The fast decoder rounds whole numbers of more than 64 bits.
        if _LONG_NUMBER.search(response.body):
            return json.loads(response.body)
        return response.json()
    except UpstreamAnswerError as error:
        raise UnusableAnswerError(error.url, error.why) from error
    except (ValueError, RecursionError) as error:
        raise UnusableAnswerError(response.url, f"the answer ({response.status}) is not JSON") from error


def _accepted(response: UpstreamResponse, username: str, *, is_write: bool) -> UpstreamResponse:
    status, url = response.status, response.url
    if 200 <= status < 300:
        return response
    if status == 401:
        raise NoUpstreamTokenError(f"{named(url)}: accepts no login of {username} any more")
    log.info("%s answered %s", url, status)
    if status == 404:
        raise ConnectNotFoundError(url, status)
    if status == 406:
        raise ConnectNotAcceptableError(url, status)
    retry_after = response.retry_after_seconds or _RETRY_SECONDS
    if is_write and status in _GATEWAY_STATUSES:
        raise AnswerLostError(f"{named(url)}: answered {status}", retry_after)
    if status == 429 or status > 501 or (status == 500 and not is_write):
        raise UnavailableError(f"{named(url)}: answered {status}", retry_after)
    raise ConnectRefusedError(url, status)


def _told(error: UpstreamError) -> str:
    log.warning("%s", error)
    return f"{named(error.url)}: {cause_without_address(error)}"


def _with(token: str, headers: Mapping[str, str]) -> dict[str, str]:
    return {**headers, "authorization": f"Bearer {token}"}


def _was_not_sent(error: UpstreamError) -> bool:
    if isinstance(error, UpstreamTlsError | AddressNotAllowedError):
        return True
    # The address of a name that does not resolve is asked for before anything is sent.
    return isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout | UpstreamUnreachableError)
