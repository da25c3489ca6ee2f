"""The resilient client against a server that answers with whatever bytes it is told to."""

import asyncio
import logging
import ssl
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
import pytest_asyncio
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from application.kernel.request_context import RequestContext, acting_as
from integration.http.address_policy import AddressPolicy
from integration.http.errors import (
    AddressNotAllowedError,
    UpstreamAnswerError,
    UpstreamTimeoutError,
    UpstreamTlsError,
    UpstreamUnreachableError,
)
from integration.http.resilient_client import ResilientClient
from integration.http.retry import RetryPolicy
from tests.support.certificates import CertificateFiles, self_signed
from tests.support.mongo import free_port
from tests.support.wire_server import answering, http

MakeClient = Callable[..., ResilientClient]
UNAVAILABLE = http(b"{}", "503 Service Unavailable")


@pytest_asyncio.fixture
async def make_client() -> AsyncIterator[MakeClient]:
    made: list[ResilientClient] = []

    def make(base_url: str = "", **arguments: Any) -> ResilientClient:
        usual = {"retry": RetryPolicy(attempts=3, base_seconds=0.01), "random": Random(1)}
        made.append(ResilientClient(base_url=base_url, **{**usual, **arguments}))
        return made[-1]

    yield make
    for client in made:
        await client.close_async()


async def test_the_path_of_the_base_url_is_kept(make_client: MakeClient) -> None:
    async with answering(http(b'{"a":1}')) as server:
        response = await make_client(f"{server.url}/front").request_async("GET", "/api", params={"q": "1"})
        assert (response.status, response.json()) == (200, {"a": 1})
        assert server.requests[0].startswith(b"GET /front/api?q=1 HTTP/1.1\r\n")
        assert response.url == f"{server.url}/front/api"


@pytest.mark.parametrize("status", ["429 Too Many", "502 Bad Gateway", "503 Unavailable", "504 Timeout"])
async def test_a_passing_failure_is_tried_again(make_client: MakeClient, status: str) -> None:
    async with answering(http(b"{}", status), http(b"{}", status), http()) as server:
        assert (await make_client(server.url).request_async("GET", "/")).status == 200
        assert len(server.requests) == 3


async def test_after_the_last_try_the_answer_is_handed_out(make_client: MakeClient) -> None:
    async with answering(UNAVAILABLE) as server:
        assert (await make_client(server.url).request_async("GET", "/")).status == 503
        assert len(server.requests) == 3


@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "404 Not Found", "500 Server Error"])
async def test_other_statuses_are_not_tried_again(make_client: MakeClient, status: str) -> None:
    async with answering(http(b"{}", status)) as server:
        await make_client(server.url).request_async("GET", "/")
        assert len(server.requests) == 1


async def test_a_call_that_is_not_idempotent_is_made_once_unless_told(make_client: MakeClient) -> None:
    async with answering(UNAVAILABLE) as server:
        client = make_client(server.url)
        await client.request_async("POST", "/", json={"a": 1})
        assert len(server.requests) == 1
        await client.request_async("POST", "/", json={"a": 1}, idempotent=True)
        assert len(server.requests) == 4
        assert all(request.endswith(b'{"a":1}') for request in server.requests)
        await client.request_async("GET", "/", idempotent=False)
        assert len(server.requests) == 5


async def test_retry_after_is_honoured(make_client: MakeClient) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with answering(http(b"{}", "429 Too Many", "retry-after: 7"), http()) as server:
        await make_client(server.url, sleep=sleep).request_async("GET", "/")
    assert waits == [7.0]


async def test_a_wait_beyond_the_deadline_is_not_begun(make_client: MakeClient) -> None:
    async with answering(http(b"{}", "503 Unavailable", "retry-after: 3600")) as server:
        response = await make_client(server.url, deadline_seconds=60).request_async("GET", "/")
        assert (response.status, response.retry_after_seconds, len(server.requests)) == (503, 3600.0, 1)


@pytest.mark.parametrize(
    ("asked", "waits", "calls"), [("7", [], 1), ("3600", [], 1), ("2", [2.0], 2), ("1", [1.0, 1.0], 3)]
)
async def test_whoever_waits_for_an_answer_is_not_kept_for_long(
    make_client: MakeClient, asked: str, waits: list[float], calls: int
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async with answering(http(b"{}", "429 Too Many", f"retry-after: {asked}")) as server:
        client = make_client(server.url, sleep=sleep, patience_seconds=3.0)
        with acting_as(RequestContext(is_waited_for=True)):
            response = await client.request_async("GET", "/")
        assert (response.status, response.retry_after_seconds) == (429, float(asked))
        assert (waited, len(server.requests)) == (waits, calls)
        waited.clear()
        with acting_as(RequestContext(actor="system:job")):
            await client.request_async("GET", "/", deadline_seconds=60)
        assert waited == ([] if asked == "3600" else [float(asked)] * 2)


async def test_a_connection_that_breaks_is_made_again(make_client: MakeClient) -> None:
    async def hang_up(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with answering(hang_up, http()) as server:
        assert (await make_client(server.url).request_async("GET", "/")).status == 200


@pytest.mark.parametrize("bytes_sent", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", b"SSH-2.0-x\r\n\r\n"])
async def test_an_answer_that_breaks_off_is_no_answer(make_client: MakeClient, bytes_sent: bytes) -> None:
    async def break_off(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes_sent)
        await writer.drain()
        writer.close()

    async with answering(break_off) as server:
        with pytest.raises(UpstreamUnreachableError):
            await make_client(server.url).request_async("GET", "/")
        assert len(server.requests) == 3


async def test_nobody_there_is_unreachable(make_client: MakeClient) -> None:
    with pytest.raises(UpstreamUnreachableError):
        await make_client().request_async("GET", f"http://127.0.0.1:{free_port()}/")


async def test_silence_is_a_timeout(make_client: MakeClient) -> None:
    async def silence(_request: bytes, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(600)

    async with answering(silence) as server:
        with pytest.raises(UpstreamTimeoutError):
            await make_client(server.url, request_timeout_seconds=0.5).request_async("GET", "/")
        assert len(server.requests) == 3


async def test_a_slow_drip_ends_at_the_deadline(make_client: MakeClient) -> None:
    async def drip(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.1)

    async with answering(drip) as server:
        started = time.monotonic()
        with pytest.raises(UpstreamTimeoutError, match=r"0\.3 s"):
            await make_client(server.url).request_async("GET", "/", deadline_seconds=0.3)
        assert time.monotonic() - started < 60, "not at the end of its 100 s"


@pytest.mark.parametrize("declared", [True, False])
async def test_an_answer_that_is_too_large_is_not_read_to_its_end(make_client: MakeClient, declared: bool) -> None:
    async def flood(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n" + (b"content-length: 99999999\r\n\r\n" if declared else b"\r\n"))
        for _ in range(1000):
            writer.write(b"x" * 65_536)
            await writer.drain()

    async with answering(flood) as server:
        with pytest.raises(UpstreamAnswerError, match="larger than 100000 bytes"):
            await make_client(server.url, max_response_bytes=100_000).request_async("GET", "/")


async def test_a_compressed_answer_is_refused(make_client: MakeClient) -> None:
    async with answering(http(b"bomb", "200 OK", "content-encoding: gzip")) as server:
        with pytest.raises(UpstreamAnswerError, match="compressed"):
            await make_client(server.url).request_async("GET", "/")
        assert b"accept-encoding: identity" in server.requests[0].lower()


@pytest.mark.parametrize("body", [b"<html></html>", b'{"a":', b"", b"\xff"])
async def test_what_is_not_json_is_an_error_where_json_is_asked_for(make_client: MakeClient, body: bytes) -> None:
    async with answering(http(body)) as server:
        response = await make_client(server.url).request_async("GET", "/")
        with pytest.raises(UpstreamAnswerError, match="not JSON"):
            response.json()


async def test_a_redirect_on_the_same_host_is_followed(make_client: MakeClient) -> None:
    async with answering(http(b"", "301 Moved", "location: /there"), http(b"1")) as server:
        headers = {"authorization": "Bearer t"}
        assert (await make_client(server.url).request_async("GET", "/here", headers=headers)).json() == 1
        assert b"GET /there" in server.requests[1]
        assert b"Bearer t" in server.requests[1]


async def test_a_redirect_to_another_host_is_not_followed(make_client: MakeClient) -> None:
    async with answering(http()) as other, answering(http(b"", "302 Found", f"location: {other.url}/")) as server:
        with pytest.raises(UpstreamAnswerError, match="another host"):
            await make_client(server.url).request_async("GET", "/")
        assert other.requests == []


async def test_a_redirect_in_circles_ends(make_client: MakeClient) -> None:
    async with answering(http(b"", "302 Found", "location: /")) as server:
        with pytest.raises(UpstreamAnswerError, match="too often"):
            await make_client(server.url).request_async("GET", "/")


async def test_a_forbidden_address_is_not_connected_to(make_client: MakeClient) -> None:
    with pytest.raises(AddressNotAllowedError, match="link-local"):
        await make_client().request_async("GET", "http://169.254.169.254/latest/meta-data")


async def test_the_checked_address_is_the_one_connected_to(make_client: MakeClient) -> None:
    async def resolve(host: str, _port: int) -> list[str]:
        assert host == "controller.example"
        return ["127.0.0.1"]

    async with answering(http()) as server:
        client = make_client(policy=AddressPolicy(resolve=resolve))
        await client.request_async("GET", f"http://controller.example:{server.port}/")
        assert b"host: controller.example" in server.requests[0].lower()


def server_tls(files: CertificateFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    return context


@pytest.mark.parametrize(("host", "accepted"), [("controller.example", True), ("other.example", False)])
async def test_tls_verifies_the_name_although_the_connection_goes_to_an_address(
    make_client: MakeClient, tmp_path: Path, host: str, accepted: bool
) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    files = self_signed(tmp_path, "controller.example")
    trusting = ssl.create_default_context(cafile=str(files.certificate))
    async with answering(http(), tls=server_tls(files)) as server:
        client = make_client(policy=AddressPolicy(resolve=resolve), ssl_context=trusting)
        url = f"https://{host}:{server.port}/"
        if accepted:
            assert (await client.request_async("GET", url)).status == 200
        else:
            with pytest.raises(UpstreamTlsError, match="certificate is not accepted"):
                await client.request_async("GET", url)


async def test_no_secret_reaches_an_error_a_log_or_a_span(
    make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    caplog.set_level(logging.DEBUG, logger="integration")
    caplog.set_level(logging.DEBUG, logger="httpx")
    async with answering(UNAVAILABLE, UNAVAILABLE, http(b"<html>")) as server:
        client = make_client(server.url, tracer=provider.get_tracer("test"))
        url = server.url.replace("http://", "http://me:Secret-1@")
        headers = {"x-key": "Secret-2"}
        response = await client.request_async("GET", f"{url}/x", headers=headers, params={"token": "Secret-3"})
        with pytest.raises(UpstreamAnswerError) as caught:
            response.json()
    with pytest.raises(UpstreamUnreachableError) as unreachable:
        await client.request_async("GET", f"http://me:Secret-1@127.0.0.1:{free_port()}/?token=Secret-3")
    told = [str(caught.value), str(unreachable.value), repr(response.url), caplog.text]
    told += [span.to_json() for span in spans.get_finished_spans()]
    assert not [text for text in told if "Secret-" in text]
    assert [(span.name, dict(span.attributes or {})) for span in spans.get_finished_spans()][2] == (
        "GET",
        {
            "http.request.method": "GET",
            "server.address": "127.0.0.1",
            "http.request.resend_count": 2,
            "http.response.status_code": 200,
        },
    )
