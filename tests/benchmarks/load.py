"""A lean HTTP/1.1 client that sends requests on kept connections, one after another on each."""

import asyncio
import itertools
import time
from collections.abc import Iterable, Iterator
from typing import cast

from tests.benchmarks.measuring import percentile


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the whole answer is there, until there is none left."""

    def __init__(self, requests: Iterator[bytes], ended: asyncio.Future[list[float]]) -> None:
        self._requests = requests
        self._ended = ended
        self._durations: list[float] = []
        self._missing = 0
        self._head = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        else:
            self._head += data
            head, found, body = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 200"):
                self._end(AssertionError((head + body).decode("latin-1")))
                return
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            self._missing = int(length[15:]) - len(body)
            self._head = b""
        if not self._missing:
            self._durations.append(time.perf_counter() - self._sent_at)
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._ended.done():
            self._ended.set_exception(exc or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._end(None)
        else:
            self._sent_at = time.perf_counter()
            self._transport.write(request)

    def _end(self, error: Exception | None) -> None:
        if error is not None:
            self._ended.set_exception(error)
        elif not self._ended.done():
            self._ended.set_result(self._durations)
        self._transport.close()


def a_request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """Return a request as it is sent."""
    if body:
        headers = {**headers, "content-type": "application/json", "content-length": str(len(body))}
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


async def requests_per_second(
    host: str, port: int, path: str, headers: dict[str, str], connections: int, seconds: float
) -> float:
    """Ask for one path on so many connections for a while."""
    request = a_request("GET", path, headers)
    started = time.perf_counter()

    def until_the_end() -> Iterator[bytes]:
        while time.perf_counter() < started + seconds:
            yield request

    answers = await asyncio.gather(*(_durations(host, port, until_the_end()) for _ in range(connections)))
    return sum(map(len, answers)) / (time.perf_counter() - started)


async def median_latency_ms(host: str, port: int, requests: Iterable[bytes], warm_up: int = 20) -> float:
    """Send requests one after another on one connection; the first ones do not count."""
    durations = await _durations(host, port, iter(requests))
    return percentile(list(itertools.islice(durations, warm_up, None)), 0.5) * 1000


async def _durations(host: str, port: int, requests: Iterator[bytes]) -> list[float]:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[list[float]] = loop.create_future()
    await loop.create_connection(lambda: _Connection(requests, ended), host, port)
    return await ended
