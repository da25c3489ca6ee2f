"""A lean HTTP/1.1 client that repeats one request on several kept connections."""

import asyncio
import time
from typing import cast


class _Connection(asyncio.Protocol):
    """Sends the request again as soon as the whole answer is there, until it is told to stop."""

    def __init__(self, request: bytes, until: float, ended: asyncio.Future[int]) -> None:
        self._request = request
        self._until = until
        self._ended = ended
        self._answers = 0
        self._missing = 0
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        else:
            self._head += data
            head, found, body = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 200"):
                self._end(AssertionError(head.decode("latin-1")))
                return
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            self._missing = int(length[15:]) - len(body)
            self._head = b""
        if not self._missing:
            self._answers += 1
            if time.perf_counter() >= self._until:
                self._end(None)
            else:
                self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._ended.done():
            self._ended.set_exception(exc or ConnectionError("the server closed the connection"))

    def _end(self, error: Exception | None) -> None:
        if error is not None:
            self._ended.set_exception(error)
        elif not self._ended.done():
            self._ended.set_result(self._answers)
        self._transport.close()


async def requests_per_second(
    host: str, port: int, path: str, headers: dict[str, str], connections: int, seconds: float
) -> float:
    """Ask for one path on so many connections for a while."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", *(f"{name}: {value}" for name, value in headers.items())]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    endings: list[asyncio.Future[int]] = [loop.create_future() for _ in range(connections)]
    for ended in endings:
        await loop.create_connection(
            lambda ended=ended: _Connection(request, started + seconds, ended),  # type: ignore[misc]
            host,
            port,
        )
    answers = sum(await asyncio.gather(*endings))
    return answers / (time.perf_counter() - started)
