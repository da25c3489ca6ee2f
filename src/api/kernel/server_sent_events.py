"""Server-sent events: an answer that goes on until the client leaves or the application stops."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.kernel.shutdown import Shutdown
from application.kernel.behaviours import Surprises

HEARTBEAT_SECONDS = 15.0
log = logging.getLogger("labkeeper.http")


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event. ``data`` may have several lines; ``event_id`` and ``event`` are one line each."""

    data: str
    event_id: str | None = None
    event: str | None = None
    retry_ms: int | None = None

    def encode(self) -> bytes:
        """Return the event as it goes over the wire.

        Raises:
            ValueError: the id or the name holds a line break or NUL.
        """
        lines = []
        for name, value in (("id", self.event_id), ("event", self.event), ("retry", self.retry_ms)):
            if value is not None:
                text = str(value)
                if any(mark in text for mark in "\r\n\x00"):
                    raise ValueError(f"the {name} of an event must be one line")
                lines.append(f"{name}: {text}")
        data = self.data.replace("\r\n", "\n").replace("\r", "\n")
        lines.extend(f"data: {line}" for line in data.split("\n"))
        return ("\n".join(lines) + "\n\n").encode("utf-8", "replace")


class EventStreamResponse(Response):
    """Sends what a source yields, no faster than the client reads; one event at a time is held here.

    Args:
        source: closed when the stream ends, for whatever reason.
        shutdown: ends the stream.
        heartbeat_seconds: a comment is sent after that long a silence, so that a dead connection is noticed.
        retry_ms: how long a client waits before it connects again.
        ends_after_seconds: ends the stream by itself, e.g. when the token expires.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        source: AsyncIterator[ServerSentEvent],
        shutdown: Shutdown,
        *,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        retry_ms: int = 2000,
        ends_after_seconds: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        all_headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no", **(headers or {})}
        super().__init__(None, 200, all_headers, "text/event-stream; charset=utf-8")
        del self.headers["content-length"]
        self._source = source
        self._shutdown = shutdown
        self._heartbeat_seconds = heartbeat_seconds
        self._retry_ms = retry_ms
        self._ends_after_seconds = ends_after_seconds
        self._ends_after: list[Callable[[], Coroutine[Any, Any, None]]] = []

    def end_after(self, wait: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """End the stream as well once a wait is over, or fails. It begins and is cancelled with the stream."""
        self._ends_after.append(wait)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        sending = asyncio.create_task(self._send_events_async(send))
        ends = [asyncio.create_task(_gone_async(receive)), asyncio.create_task(self._shutdown.wait_async())]
        ends.extend(asyncio.create_task(wait()) for wait in self._ends_after)
        try:
            await asyncio.wait([sending, *ends], timeout=self._ends_after_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, *ends):
                task.cancel()
            await asyncio.gather(sending, *ends, return_exceptions=True)
            if isinstance(self._source, AsyncGenerator):
                await self._source.aclose()
        if not sending.cancelled() and (error := sending.exception()) is not None:
            Surprises.log_once(log, "an event stream broke off", error)
        if not ends[0].done() or ends[0].cancelled():
            with contextlib.suppress(OSError):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_events_async(self, send: Send) -> None:
        await _send(send, f": connected\nretry: {self._retry_ms}\n\n".encode())
        pending: asyncio.Task[ServerSentEvent] | None = None
        try:
            while True:
                if pending is None:
                    pending = asyncio.ensure_future(_next_async(self._source))
                done, _ = await asyncio.wait([pending], timeout=self._heartbeat_seconds)
                if not done:
                    await _send(send, b": heartbeat\n\n")
                    continue
                try:
                    event = pending.result()
                except StopAsyncIteration:
                    return
                finally:
                    pending = None
                await _send(send, event.encode())
        finally:
            if pending is not None:
                pending.cancel()
                await asyncio.gather(pending, return_exceptions=True)


async def _next_async(source: AsyncIterator[ServerSentEvent]) -> ServerSentEvent:
    return await anext(source)


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _gone_async(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
