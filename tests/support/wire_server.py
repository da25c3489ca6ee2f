"""A server on loopback that answers with exactly the bytes a test gives it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ssl import SSLContext

Answering = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class WireServer:
    """What came in, and where it listens."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.requests: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def http(body: bytes = b"{}", status: str = "200 OK", *headers: str) -> bytes:
    """Return a well-formed answer."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@asynccontextmanager
async def answering(*answers: bytes | Answering, tls: SSLContext | None = None) -> AsyncIterator[WireServer]:
    """Serve one answer per request, the last one for ever; a function writes to the connection itself."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = 0
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        length = int(line.partition(b":")[2])
                served.requests.append(head + await reader.readexactly(length))
                answer = answers[min(len(served.requests), len(answers)) - 1]
                if isinstance(answer, bytes):
                    writer.write(answer)
                    await writer.drain()
                else:
                    await answer(served.requests[-1], writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    served = WireServer(listener.sockets[0].getsockname()[1])
    try:
        yield served
    finally:
        listener.close()
