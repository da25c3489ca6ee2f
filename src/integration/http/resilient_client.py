"""The one client through which every other system is called."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random, SystemRandom
from typing import Any

import httpx
import orjson
from opentelemetry import trace

from domain.kernel.clock import Clock, SystemClock
from integration.http.address_policy import AddressPolicy
from integration.http.checked_transport import CheckedTransport, shared_ssl_context
from integration.http.errors import (
    AddressNotAllowedError,
    UpstreamAnswerError,
    UpstreamError,
    UpstreamTimeoutError,
    UpstreamTlsError,
    UpstreamUnreachableError,
)
from integration.http.retry import IDEMPOTENT_METHODS, RETRIED_STATUSES, RetryPolicy, retry_after_seconds

MAX_RESPONSE_BYTES = 64 * 1024 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 3


@dataclass(frozen=True, slots=True)
class UpstreamResponse:
    """An answer, read to its end.

    Attributes:
        url: what was called, without query.
        headers: names in lower case.
        retry_after_seconds: what the other side asked for; None when it did not.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    retry_after_seconds: float | None

    def json(self) -> Any:
        """Return the decoded body.

        Raises:
            UpstreamAnswerError: the body is no JSON, e.g. truncated, or an HTML page.
        """
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise UpstreamAnswerError(self.url, f"the answer ({self.status}) is not JSON") from error


class ResilientClient:
    """A pooled client that bounds time and size, tries again when that is safe, and calls no forbidden address.

    Args:
        base_url: put in front of relative paths; its own path is kept.
        verify_tls: False accepts any certificate (controllers often have self-signed ones).
        ssl_context: in place of the one that ``verify_tls`` stands for, e.g. with a private authority.
        request_timeout_seconds: longest silence of one attempt: connect, write, and between two reads.
        deadline_seconds: over a whole call: attempts, waits and the last byte of a slow answer.
        max_connections: of the pool.
        random, monotonic, sleep, clock: replaced in tests only.
    """

    def __init__(
        self,
        *,
        base_url: str = "",
        verify_tls: bool = True,
        ssl_context: ssl.SSLContext | None = None,
        policy: AddressPolicy | None = None,
        retry: RetryPolicy | None = None,
        request_timeout_seconds: float = 10.0,
        deadline_seconds: float = 45.0,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        max_connections: int = 20,
        random: Random | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Clock | None = None,
    ) -> None:
        self._retry = retry or RetryPolicy()
        self._deadline_seconds = deadline_seconds
        self._max_response_bytes = max_response_bytes
        self._random = random or SystemRandom()
        self._monotonic = monotonic
        self._sleep = sleep
        self._clock = clock or SystemClock()
        self._tracer = trace.get_tracer("labkeeper.http")
        limits = httpx.Limits(max_connections=max_connections, keepalive_expiry=60.0)
        self._client = httpx.AsyncClient(
            base_url=base_url,
            transport=CheckedTransport(
                policy or AddressPolicy(), ssl_context=ssl_context or shared_ssl_context(verify_tls), limits=limits
            ),
            timeout=httpx.Timeout(request_timeout_seconds),
            # A compressed answer could unfold to any size within one chunk.
            headers={"accept-encoding": "identity", "user-agent": "labkeeper"},
            follow_redirects=False,
            trust_env=False,
        )

    async def request_async(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        deadline_seconds: float | None = None,
        idempotent: bool | None = None,
    ) -> UpstreamResponse:
        """Make a call and return its answer, whatever its status.

        Args:
            url: absolute, or a path that is put behind the base URL.
            json: sent as JSON; ``content`` is sent as it is.
            idempotent: may it be made again? None goes by the method.

        Raises:
            UpstreamError: no usable answer; the subclass says why. Connection failures and time-outs of idempotent
                calls were tried again before; statuses 429, 502, 503 and 504 too, and the last answer is returned.
        """
        sent = dict(headers or {})
        if json is not None:
            content = orjson.dumps(json)
            sent.setdefault("content-type", "application/json")
        try:
            request = self._client.build_request(method, url, headers=sent, params=params, content=content)
        except httpx.InvalidURL as error:
            raise UpstreamAnswerError("the URL", "cannot be read") from error
        again = method.upper() in IDEMPOTENT_METHODS if idempotent is None else idempotent
        seconds = deadline_seconds if deadline_seconds is not None else self._deadline_seconds
        try:
            async with asyncio.timeout(seconds):
                return await self._with_retries_async(request, self._retry.attempts if again else 1, seconds)
        except TimeoutError as error:
            raise UpstreamTimeoutError(shown_url(request.url), f"no complete answer in {seconds:g} s") from error

    async def close_async(self) -> None:
        """Close the pool."""
        await self._client.aclose()

    async def _with_retries_async(self, request: httpx.Request, attempts: int, seconds: float) -> UpstreamResponse:
        ends_at = self._monotonic() + seconds
        attempt = 0
        while True:
            attempt += 1
            asked: float | None = None
            try:
                response = await self._following_async(request, attempt)
                if response.status not in RETRIED_STATUSES or attempt >= attempts:
                    return response
                asked = response.retry_after_seconds
            except (UpstreamUnreachableError, UpstreamTimeoutError):
                if attempt >= attempts:
                    raise
                response = None
            wait = self._retry.wait_seconds(attempt, asked, self._random)
            if response is not None and self._monotonic() + wait >= ends_at:
                return response
            await self._sleep(wait)

    async def _following_async(self, request: httpx.Request, attempt: int) -> UpstreamResponse:
        for _ in range(_MAX_REDIRECTS + 1):
            response = await self._traced_async(request, attempt)
            target = response.headers.get("location")
            if response.status not in _REDIRECTS or target is None or request.method not in ("GET", "HEAD"):
                return response
            try:
                url = request.url.join(target)
            except httpx.InvalidURL as error:
                raise UpstreamAnswerError(response.url, "redirects to something that is no URL") from error
            if _origin(url) != _origin(request.url):
                raise UpstreamAnswerError(response.url, "redirects to another host, which is not followed")
            request = self._client.build_request(request.method, url, headers=request.headers)
        raise UpstreamAnswerError(shown_url(request.url), "redirects too often")

    async def _traced_async(self, request: httpx.Request, attempt: int) -> UpstreamResponse:
        attributes: dict[str, str | int] = {"http.request.method": request.method, "server.address": request.url.host}
        if attempt > 1:
            attributes["http.request.resend_count"] = attempt - 1
        with self._tracer.start_as_current_span(
            request.method,
            kind=trace.SpanKind.CLIENT,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                response = await self._once_async(request)
            except UpstreamError as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(trace.StatusCode.ERROR)
                raise
            span.set_attribute("http.response.status_code", response.status)
            if response.status >= 400:
                span.set_status(trace.StatusCode.ERROR)
            return response

    async def _once_async(self, request: httpx.Request) -> UpstreamResponse:
        url = shown_url(request.url)
        try:
            answer = await self._client.send(request, stream=True)
            try:
                body = await self._read_async(answer, url)
            finally:
                await answer.aclose()
        except AddressNotAllowedError as error:
            raise AddressNotAllowedError(url, error.why) from error
        except UpstreamUnreachableError as error:
            raise UpstreamUnreachableError(url, error.why) from error
        except httpx.PoolTimeout as error:
            raise UpstreamTimeoutError(url, "all connections are busy") from error
        except httpx.TimeoutException as error:
            raise UpstreamTimeoutError(url, "no answer in time") from error
        except httpx.RemoteProtocolError as error:
            raise UpstreamUnreachableError(url, "the connection broke, or what answers is not HTTP") from error
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
            raise UpstreamAnswerError(url, "cannot be called over HTTP") from error
        except httpx.TransportError as error:
            if _is_tls(error):
                raise UpstreamTlsError(url, _tls_reason(error)) from error
            raise UpstreamUnreachableError(url, "no connection") from error
        now: datetime = self._clock.now()
        return UpstreamResponse(url, answer.status_code, answer.headers, body, retry_after_seconds(answer.headers, now))

    async def _read_async(self, answer: httpx.Response, url: str) -> bytes:
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise UpstreamAnswerError(url, "the answer is compressed, which was not asked for")
        limit = self._max_response_bytes
        parts: list[bytes] = []
        size = 0
        async for part in answer.aiter_raw():
            size += len(part)
            if size > limit:
                raise UpstreamAnswerError(url, f"the answer is larger than {limit} bytes")
            parts.append(part)
        return b"".join(parts)


def shown_url(url: httpx.URL) -> str:
    """Return the URL as it may be shown: without user, password, query and fragment."""
    return str(url.copy_with(username=None, password=None, query=None, fragment=None))


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _is_tls(error: BaseException) -> bool:
    return any(isinstance(cause, ssl.SSLError) for cause in _causes(error))


def _tls_reason(error: BaseException) -> str:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate is not accepted: {cause.verify_message}"
    return "the TLS handshake failed"
