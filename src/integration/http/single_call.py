"""One attempt of a call: bounded in size, traced, its errors translated, its secrets kept."""

import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

import httpx
import orjson
from opentelemetry import trace

from domain.kernel.clock import Clock
from integration.http.errors import (
    AddressNotAllowedError,
    UpstreamAnswerError,
    UpstreamError,
    UpstreamTimeoutError,
    UpstreamTlsError,
    UpstreamUnreachableError,
)
from integration.http.retry import retry_after_seconds
from integration.http.spooled_body import spooled_async


@dataclass(frozen=True, slots=True)
class UpstreamResponse:
    """An answer, read to its end.

    Attributes:
        body: empty when the answer is in ``file``.
        file: a good answer that was asked for as a file, to be closed by whoever asked; None otherwise.
        url: what was called, without query.
        headers: names in lower case.
        retry_after_seconds: what the other side asked for; None when it did not.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    retry_after_seconds: float | None
    file: IO[bytes] | None = None

    def json(self) -> Any:
        """Return the decoded body.

        Raises:
            UpstreamAnswerError: the body is no JSON, e.g. truncated, or an HTML page.
        """
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise UpstreamAnswerError(self.url, f"the answer ({self.status}) is not JSON") from error


class SingleCalls:
    """Makes calls through an httpx client, each once."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        max_response_bytes: int,
        clock: Clock,
        tracer: trace.Tracer,
        max_file_bytes: int = 0,
    ) -> None:
        self._client = client
        self._max_response_bytes = max_response_bytes
        self._max_file_bytes = max_file_bytes
        self._clock = clock
        self._tracer = tracer
        _keep_urls_out_of_logs()

    async def once_async(self, request: httpx.Request, attempt: int, *, as_file: bool = False) -> UpstreamResponse:
        """Make the call. ``attempt`` counts from 1; a good answer of any size can be had ``as_file``.

        Raises:
            UpstreamError: no usable answer.
        """
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
                response = await self._answer_async(request, as_file=as_file)
            except UpstreamError as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(trace.StatusCode.ERROR)
                raise
            span.set_attribute("http.response.status_code", response.status)
            if response.status >= 400:
                span.set_status(trace.StatusCode.ERROR)
            return response

    async def _answer_async(self, request: httpx.Request, *, as_file: bool) -> UpstreamResponse:
        url = shown_url(request.url)
        body, file = b"", None
        try:
            answer = await self._client.send(request, stream=True)
            try:
                if as_file and answer.status_code == 200:
                    parts = _uncompressed(answer, url).aiter_raw()
                    file = await spooled_async(parts, url, self._max_file_bytes)
                else:
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
        now = self._clock.now()
        asked = retry_after_seconds(answer.headers, now)
        return UpstreamResponse(url, answer.status_code, answer.headers, body, asked, file)

    async def _read_async(self, answer: httpx.Response, url: str) -> bytes:
        limit = self._max_response_bytes
        parts: list[bytes] = []
        size = 0
        async for part in _uncompressed(answer, url).aiter_raw():
            size += len(part)
            if size > limit:
                raise UpstreamAnswerError(url, f"the answer is larger than {limit} bytes")
            parts.append(part)
        return b"".join(parts)


def _uncompressed(answer: httpx.Response, url: str) -> httpx.Response:
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise UpstreamAnswerError(url, "the answer is compressed, which was not asked for")
    return answer


def shown_url(url: httpx.URL) -> str:
    """Return the URL as it may be shown: without user, password, query and fragment."""
    return str(url.copy_with(username=None, password=None, query=None, fragment=None))


class _NoUrls(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING


_NO_URLS = _NoUrls()


def _keep_urls_out_of_logs() -> None:
    """httpx logs every URL at INFO, query and password included; httpcore logs response headers at DEBUG."""
    logging.getLogger("httpx").addFilter(_NO_URLS)
    logging.getLogger("httpcore").setLevel(logging.WARNING)


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
