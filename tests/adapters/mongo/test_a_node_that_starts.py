"""A node that has only just begun to start names no sessions in its greeting: that is an outage, not a setting."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import bson
import pytest

from domain.kernel.errors import UnavailableError
from integration.mongo.driver import DriverName, MongoSession, open_driver, translating_outages

_QUERY, _MESSAGE, _REPLY = 2004, 2013, 1
_GREETING = bson.encode(
    {"helloOk": True, "isWritablePrimary": True, "setName": "tests", "minWireVersion": 0, "maxWireVersion": 21, "ok": 1}
)


@asynccontextmanager
async def starting_node() -> AsyncIterator[str]:
    """Serve the greeting of a node without sessions, whatever is asked. Yields the address to connect to."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                length, request, _, kind = struct.unpack("<iiii", await reader.readexactly(16))
                await reader.readexactly(length - 16)
                body = struct.pack("<iqii", 8, 0, 0, 1) if kind == _QUERY else struct.pack("<ib", 0, 0)
                body += _GREETING
                told = _REPLY if kind == _QUERY else _MESSAGE
                writer.write(struct.pack("<iiii", 16 + len(body), request, request, told) + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        yield f"mongodb://127.0.0.1:{port}/?directConnection=true"
    finally:
        server.close()


@pytest.mark.parametrize("kind", ["motor", "pymongo"])
async def test_a_node_that_does_not_know_sessions_yet_gives_no_answer(kind: DriverName) -> None:
    async with starting_node() as uri:
        driver = open_driver(kind, uri, "starting")

        async def write(session: MongoSession) -> None:
            await driver.collection("any").insert_one({}, session=session)

        with pytest.raises(UnavailableError), translating_outages():
            await driver.run_in_transaction_async(write)
        await driver.close_async()
