"""Lies between the wire and the server's interface: counts the calls and lets faults strike."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from integration.simulators.connect.faults import Fault

_JSON = [(b"content-type", b"application/json")]
_HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
_EXTENSION = "labkeeper.simulator"


class DroppingProtocol(HttpToolsProtocol):
    """Lets a request hang up on its caller, which ASGI has no message for."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_EXTENSION: {"transport": self.transport}}


class FaultLayer:
    """ASGI around ASGI.

    Args:
        expire_tokens: ends the access tokens of one user, or of all.
    """

    def __init__(self, app: ASGIApp, expire_tokens: Callable[[str | None], None]) -> None:
        self._app = app
        self._expire_tokens = expire_tokens
        self.faults: list[Fault] = []
        self.calls: Counter[str] = Counter()

    def replace(self, faults: Iterable[Fault]) -> None:
        """Have these faults and no others."""
        self.faults = list(faults)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/__"):
            await self._app(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        self.calls[f"{method} {path}"] += 1
        striking = [fault for fault in self.faults if fault.strikes(method, path)]
        if striking:
            # A server has the whole request before it is slow: whoever hangs up meanwhile stops nothing.
            receive = await _buffered_async(receive)
        for fault in striking:
            if await self._instead_async(fault, scope, send):
                return
        if all(fault.kind in ("latency", "hang", "token_expires") for fault in striking):
            await self._app(scope, receive, send)
            return
        await self._altered_async(striking, scope, receive, send)

    async def _instead_async(self, fault: Fault, scope: Scope, send: Send) -> bool:
        """Answer in place of the interface; False when the fault does not."""
        kind = fault.kind
        if kind in ("hang", "latency"):
            await asyncio.sleep(fault.seconds)
        elif kind == "token_expires":
            self._expire_tokens(fault.username)
        elif kind == "drop_before":
            await _hang_up_async(scope)
            return True
        elif kind == "status":
            retry = [(b"retry-after", fault.retry_after.encode())] if fault.retry_after is not None else []
            body = fault.body or f"<html><body><h1>{fault.status} simulated</h1></body></html>"
            await _send_async(send, fault.status, [(b"content-type", b"text/html"), *retry], body.encode())
            return True
        elif kind == "html":
            await _send_async(send, 200, [(b"content-type", b"text/html")], _HTML)
            return True
        elif kind == "wrong_json":
            await _send_async(send, 200, _JSON, (fault.body or '{"unexpected":true}').encode())
            return True
        elif kind == "v1_only" and b"version=2" in dict(scope["headers"]).get(b"accept", b""):
            detail = b'{"detail":"Invalid version in \\"Accept\\" header."}'
            await _send_async(send, 406, _JSON, detail)
            return True
        return False

    async def _altered_async(self, striking: list[Fault], scope: Scope, receive: Receive, send: Send) -> None:
        start, body = await _captured_async(self._app, scope, receive)
        kinds = {fault.kind: fault for fault in striking}
        if "drop_after" in kinds:
            await _hang_up_async(scope)
            return
        if start["status"] == 200:
            for fault in striking:
                body = _altered(fault, body)
        length = len(body)
        kept = [(name, value) for name, value in start.get("headers", ()) if name.lower() != b"content-length"]
        headers = [*kept, (b"content-length", str(length).encode())]
        await send({"type": "http.response.start", "status": start["status"], "headers": headers})
        if "drop_midway" in kinds:
            await send({"type": "http.response.body", "body": body[: length // 2], "more_body": True})
            await asyncio.sleep(0.05)
            await _hang_up_async(scope)
            return
        if "slow_drip" in kinds:
            for at in range(length):
                await send({"type": "http.response.body", "body": body[at : at + 1], "more_body": True})
                await asyncio.sleep(kinds["slow_drip"].seconds)
            body = b""
        await send({"type": "http.response.body", "body": body})


def _altered(fault: Fault, body: bytes) -> bytes:
    if fault.kind == "truncated":
        return body[: len(body) // 2]
    if fault.kind in ("half_listing", "empty_listing"):
        return json.dumps(_shortened(json.loads(body), fault.kind)).encode()
    if fault.kind in ("http_next", "foreign_next", "looping_next"):
        return json.dumps(_linked(json.loads(body), fault.kind)).encode()
    return body


def _shortened(told: Any, kind: str) -> Any:
    if isinstance(told, dict):
        return {name: _shortened(value, kind) if isinstance(value, list) else value for name, value in told.items()}
    return told[: 0 if kind == "empty_listing" else len(told) // 2]


def _linked(page: Any, kind: str) -> Any:
    if not isinstance(page, dict) or not page.get("next"):
        return page
    link = str(page["next"])
    if kind == "http_next":
        return {**page, "next": link.replace("https://", "http://", 1)}
    if kind == "foreign_next":
        return {**page, "next": "http://127.0.0.2:9/" + link.split("/", 3)[3]}
    before, mark, after = link.partition("last_id=")
    return {**page, "next": f"{before}{mark}1{after[len(after.split('&', 1)[0]) :]}"}


async def _hang_up_async(scope: Scope) -> None:
    scope["extensions"][_EXTENSION]["transport"].abort()
    # The server notices on the next turns of its loop; returning earlier would make it complain.
    await asyncio.sleep(0.01)


async def _buffered_async(receive: Receive) -> Receive:
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    waiting = iter(messages)

    async def replay() -> Message:
        for message in waiting:
            return message
        return await receive()

    return replay


async def _captured_async(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
    start: Message = {}
    parts: list[bytes] = []

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, keep)
    return start, b"".join(parts)


async def _send_async(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
