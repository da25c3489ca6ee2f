"""Somebody who listens to the event stream while a test goes on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import orjson

from tests.support.served import API, PATIENCE_SECONDS, eventually

PATH = f"{API}/events/stream"


class Listener:
    """Reads a stream in a thread of its own."""

    def __init__(self, client: httpx.Client, params: Any, last_event_id: str | None, path: str) -> None:
        self.events: list[dict[str, Any]] = []
        self.connected = threading.Event()
        self.ended = threading.Event()
        self.headers = httpx.Headers()
        self._client = client
        self._path = path
        self._request = {
            "params": params,
            "headers": {"Last-Event-ID": last_event_id} if last_event_id else {},
            "timeout": PATIENCE_SECONDS,
        }
        self.error: Exception | None = None
        self.refused = False
        self.thread = threading.Thread(target=self._listen)
        self.thread.start()
        assert self.connected.wait(2 * PATIENCE_SECONDS), "no answer"

    def _listen(self) -> None:
        try:
            with self._client.stream("GET", self._path, **self._request) as answer:
                self.refused = answer.status_code == 401
                assert answer.status_code == 200, answer.read()
                self.headers = answer.headers
                event: dict[str, Any] = {}
                for line in answer.iter_lines():
                    self.connected.set()
                    name, _, value = line.partition(": ")
                    if line == "" and "data" in event:
                        self.events.append(event)
                        event = {}
                    elif name in ("id", "event"):
                        event[name] = value
                    elif name == "data":
                        event["data"] = orjson.loads(value)
        except Exception as error:
            self.error = error
        finally:
            self.ended.set()
            self.connected.set()

    @property
    def types(self) -> list[str]:
        return [event["event"] for event in self.events]

    def until(self, count: int) -> list[dict[str, Any]]:
        eventually(lambda: len(self.events) >= count, f"{count} events came")
        return self.events


@contextmanager
def listening_with(
    client: httpx.Client, params: Any = None, last_event_id: str | None = None, path: str = PATH
) -> Iterator[Listener]:
    """Listen until the block ends; the client is closed then."""
    listener = Listener(client, params, last_event_id, path)
    try:
        yield listener
    finally:
        # httpx has no way to break off from another thread but to close the socket below it
        for connection in client._transport._pool.connections:  # type: ignore[attr-defined]
            stream = connection._connection._network_stream
            with_socket = stream.get_extra_info("socket")
            with_socket.shutdown(2)
        listener.thread.join(PATIENCE_SECONDS)
        client.close()
