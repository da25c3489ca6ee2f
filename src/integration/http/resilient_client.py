"""The one client through which every other system is called."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from random import Random, SystemRandom
from typing import Any

import httpx
import orjson
from opentelemetry import trace

from application.kernel.request_context import current_request
from domain.kernel.clock import Clock, SystemClock
from integration.http.address_policy import AddressPolicy
from integration.http.checked_transport import CheckedTransport, shared_ssl_context
from integration.http.errors import (
    UpstreamAnswerError,
    UpstreamTimeoutError,
    UpstreamUnreachableError,
)
from integration.http.retry import IDEMPOTENT_METHODS, RETRIED_STATUSES, RetryPolicy
from integration.http.single_call import SingleCalls, UpstreamResponse, shown_url

MAX_RESPONSE_BYTES = 64 * 1024 * 1024
MAX_FILE_BYTES = 4 * 1024 * 1024 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 3


class ResilientClient:
    """A pooled client that bounds time and size, tries again when that is safe, and calls no forbidden address.

    Args:
        base_url: put in front of relative paths; its own path is kept.
        verify_tls: False accepts any certificate (controllers often have self-signed ones).
        ssl_context: in place of the one that ``verify_tls`` stands for, e.g. with a private authority.
        request_timeout_seconds: longest silence of one attempt: connect, write, and between two reads.
        deadline_seconds: over a whole call: attempts, waits and the last byte of a slow answer.
        patience_seconds: over the waits between the attempts of a call, while somebody waits for the answer to a
            request of theirs; None waits on to the deadline.
        max_response_bytes, max_file_bytes: of an answer that is kept in memory, and of one that is kept in a file.
        max_connections: of the pool.
        random, monotonic, sleep, clock, tracer: replaced in tests only.
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
        patience_seconds: float | None = None,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        max_file_bytes: int = MAX_FILE_BYTES,
        max_connections: int = 20,
        random: Random | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Clock | None = None,
        tracer: trace.Tracer | None = None,
    ) -> None:
        self._retry = retry or RetryPolicy()
        self._deadline_seconds = deadline_seconds
        self._patience_seconds = patience_seconds
        self._random = random or SystemRandom()
        self._monotonic = monotonic
        self._sleep = sleep
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
        self._calls = SingleCalls(
            self._client,
            max_response_bytes,
            clock or SystemClock(),
            tracer or trace.get_tracer("labkeeper.http"),
            max_file_bytes,
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
        as_file: bool = False,
    ) -> UpstreamResponse:
        """Make a call and return its answer, whatever its status.

        Args:
            url: absolute, or a path that is put behind the base URL.
            json: sent as JSON; ``content`` is sent as it is.
            idempotent: may it be made again? None goes by the method.
            as_file: whether a good answer shall come as a file, which the caller closes.

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
                return await self._with_retries_async(request, self._retry.attempts if again else 1, seconds, as_file)
        except TimeoutError as error:
            raise UpstreamTimeoutError(shown_url(request.url), f"no complete answer in {seconds:g} s") from error

    async def close_async(self) -> None:
        """Close the pool."""
        await self._client.aclose()

    async def _with_retries_async(
        self, request: httpx.Request, attempts: int, seconds: float, as_file: bool
    ) -> UpstreamResponse:
        ends_at = self._monotonic() + seconds
        patience = self._patience_seconds
        left = patience if patience is not None and current_request().is_waited_for else seconds
        attempt = 0
        while True:
            attempt += 1
            asked: float | None = None
            try:
                response = await self._following_async(request, attempt, as_file)
                if response.status not in RETRIED_STATUSES or attempt >= attempts:
                    return response
                asked = response.retry_after_seconds
            except (UpstreamUnreachableError, UpstreamTimeoutError):
                if attempt >= attempts:
                    raise
                response = None
            wait = self._retry.wait_seconds(attempt, asked, self._random)
            left -= wait
            if response is not None and (left < 0 or self._monotonic() + wait >= ends_at):
                return response
            await self._sleep(wait)

    async def _following_async(self, request: httpx.Request, attempt: int, as_file: bool) -> UpstreamResponse:
        for _ in range(_MAX_REDIRECTS + 1):
            response = await self._calls.once_async(request, attempt, as_file=as_file)
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


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
