"""Targets that are too long and bytes that are no request: problem documents, too."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn

from api.kernel.http_protocol import LONGEST_TARGET_BYTES, LabkeeperHttpProtocol
from api.kernel.shutdown import LabkeeperServer
from tests.http.kernel.toy import bearer, toy_app

TOYS = "/api/v1/toys"


@asynccontextmanager
async def serving() -> AsyncIterator[httpx.AsyncClient]:
    config = uvicorn.Config(toy_app(), "127.0.0.1", 0, http=LabkeeperHttpProtocol, log_config=None, lifespan="on")
    server = LabkeeperServer(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  uvicorn has no event to wait for
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=bearer(), timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        await asyncio.wait_for(task, 60)


async def raw(client: httpx.AsyncClient, request: bytes) -> tuple[bytes, dict[str, object]]:
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    writer.write(request)
    head, _, body = (await asyncio.wait_for(reader.read(), 60)).partition(b"\r\n\r\n")
    writer.close()
    assert b"content-type: application/problem+json" in head.lower()
    return head, json.loads(body)


@pytest.mark.parametrize("size", [LONGEST_TARGET_BYTES, 70_000, 1_000_000])
@pytest.mark.parametrize("start", [f"{TOYS}?q=", "/", f"http://labkeeper{TOYS}?q="])
async def test_a_target_that_is_too_long_is_414(start: str, size: int) -> None:
    async with serving() as client:
        target = f"{start}{'x' * size}"
        head, problem = await raw(client, f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert head.startswith(b"HTTP/1.1 414 ")
        assert str(problem["type"]).endswith("/target-too-long")
        assert str(LONGEST_TARGET_BYTES) in str(problem["detail"])
        assert (await client.get("/api/v1/openapi.json")).status_code == 200


async def test_the_longest_target_that_is_allowed_reaches_its_route() -> None:
    async with serving() as client:
        query = "x" * (LONGEST_TARGET_BYTES - len(f"{TOYS}?q="))
        answer = await client.get(f"{TOYS}?q={query}")
        assert answer.status_code != 414
        assert (await client.get(f"{TOYS}?q={query}x")).status_code == 414


@pytest.mark.parametrize(
    "request_line", [b"nonsense\r\n\r\n", b"GET /a b HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"]
)
async def test_what_is_no_request_is_400_and_ends_the_connection(request_line: bytes) -> None:
    async with serving() as client:
        head, problem = await raw(client, request_line)
        assert head.startswith(b"HTTP/1.1 400 ")
        assert problem["status"] == 400
        assert str(problem["type"]).endswith("/malformed-request")
