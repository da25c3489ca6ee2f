"""Bodies that are too large or too slow, event streams, and the order in which services start and stop."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from neuroglia.hosting.abstractions import HostedService
from neuroglia.mvc import ControllerBase

from tests.http.kernel.toy import ToysController, bearer, client_of, serving, token, toy_app


def toys_of(app: FastAPI) -> ToysController:
    found: ToysController = app.state.services.get_services(ControllerBase)[0]
    return found


async def raw_request(url: str, *pieces: bytes) -> bytes:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    answer = await asyncio.wait_for(reader.read(4096), 60)
    writer.close()
    return answer


async def test_a_body_that_is_too_large_is_413_announced_or_chunked() -> None:
    async with serving(toy_app()) as (url, _), httpx.AsyncClient(base_url=url, timeout=60) as client:
        body = json.dumps({"name": "x" * 3000}).encode()
        headers = {**bearer(), "content-type": "application/json"}
        announced = await client.post("/api/v1/toys", content=body, headers=headers)

        async def chunks() -> Any:
            for start in range(0, len(body), 500):
                yield body[start : start + 500]

        chunked = await client.post("/api/v1/toys", content=chunks(), headers=headers)
        for answer in (announced, chunked):
            assert answer.status_code == 413
            assert answer.json()["max_body_bytes"] == 2000
            assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_that_does_not_arrive_is_408() -> None:
    async with serving(toy_app(body_timeout_seconds=0.3)) as (url, _):
        head = f"POST /api/v1/toys HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token()}\r\nContent-Length: 50\r\n"
        answer = await raw_request(url, head.encode() + b"Content-Type: application/json\r\n\r\n", b"{")
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"request-timeout" in answer


async def test_a_stream_sends_events_and_heartbeats_and_its_source_ends_with_the_client() -> None:
    app = toy_app()
    async with serving(app) as (url, _), httpx.AsyncClient(base_url=url, timeout=60) as client:
        received = ""
        async with client.stream("GET", "/api/v1/toys/stream", headers=bearer()) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["cache-control"] == "no-cache"
            assert answer.headers["x-accel-buffering"] == "no"
            async for piece in answer.aiter_text():
                received += piece
                if received.count(": heartbeat") >= 2:
                    break
        assert "id: 1\nevent: toy\ndata: one\ndata: two\n\n" in received
        await asyncio.wait_for(toys_of(app).source_closed.wait(), 60)


async def test_a_stream_ends_when_the_application_stops() -> None:
    app = toy_app()
    async with serving(app) as (url, server), httpx.AsyncClient(base_url=url, timeout=60) as client:
        async with client.stream("GET", "/api/v1/toys/stream", headers=bearer()) as answer:
            pieces = answer.aiter_text()
            await anext(pieces)
            server.should_exit = True
            async with asyncio.timeout(60):
                async for _ in pieces:
                    pass
        assert toys_of(app).source_closed.is_set()


class Service(HostedService):
    def __init__(self, name: str, log: list[str], failing: str = "") -> None:
        self.name, self.log, self.failing = name, log, failing

    async def start_async(self) -> None:
        self.log.append(f"start {self.name}")
        if self.failing == "start":
            raise OSError(self.name)

    async def stop_async(self) -> None:
        self.log.append(f"stop {self.name}")
        if self.failing == "stop":
            raise OSError(self.name)


async def test_services_start_in_order_and_stop_in_reverse_even_when_one_fails_to_stop() -> None:
    log: list[str] = []

    def configure(builder: Any) -> None:
        for name, failing in (("a", ""), ("b", "stop"), ("c", "")):
            builder.services.add_singleton(HostedService, singleton=Service(name, log, failing))

    app = toy_app(configure=configure)
    async with app.router.lifespan_context(app):
        assert log == ["start a", "start b", "start c"]
    assert log[3:] == ["stop c", "stop b", "stop a"]


async def test_services_that_started_are_stopped_when_a_later_one_fails_to_start() -> None:
    log: list[str] = []

    def configure(builder: Any) -> None:
        for name, failing in (("a", ""), ("b", "start"), ("c", "")):
            builder.services.add_singleton(HostedService, singleton=Service(name, log, failing))

    app = toy_app(configure=configure)
    with pytest.raises(OSError, match="b"):
        async with app.router.lifespan_context(app):
            pass
    assert log == ["start a", "start b", "stop a"]


async def test_a_controller_gets_what_its_constructor_asks_for() -> None:
    async with client_of(toy_app()) as client:
        assert (await client.get("/api/v1/toys/open")).json() == {"open": True}
