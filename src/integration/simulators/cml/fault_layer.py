"""Lies between the wire and the controller's interface: counts the calls and lets faults strike."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integration.simulators.cml.faults import Fault

API = "/api/v0"
_JSON = [(b"content-type", b"application/json")]
_HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"


class FaultLayer:
    """ASGI around ASGI."""

    def __init__(self, app: ASGIApp, expire_tokens: Callable[[], None], set_ready: Callable[[bool], None]) -> None:
        self._app = app
        self._expire_tokens = expire_tokens
        self._set_ready = set_ready
        self._vanished: set[str] = set()
        self.faults: list[Fault] = []
        self.calls: Counter[str] = Counter()

    def replace(self, faults: Iterable[Fault]) -> None:
        """Have these faults and no others."""
        self.faults = list(faults)
        self._vanished.clear()
        self._set_ready(not any(fault.kind == "not_ready" for fault in self.faults))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(API) or "/"
        self.calls[f"{scope['method']} {path}"] += 1
        striking = [fault for fault in self.faults if fault.strikes(path)]
        for fault in striking:
            if await self._instead_async(fault, path, send):
                return
        if not striking:
            await self._app(scope, receive, send)
            return
        await self._altered_async(striking, path, scope, receive, send)

    async def _instead_async(self, fault: Fault, path: str, send: Send) -> bool:
        """Answer in place of the interface; False when the fault does not."""
        kind = fault.kind
        if kind in ("hang", "latency"):
            await asyncio.sleep(fault.seconds)
        elif kind == "token_expires":
            self._expire_tokens()
        elif kind == "status":
            retry = [(b"retry-after", fault.retry_after.encode())] if fault.retry_after is not None else []
            body = fault.body or f'{{"code":{fault.status},"description":"simulated"}}'
            await _send_async(send, fault.status, _JSON + retry, body.encode())
            return True
        elif kind == "not_ready" and path != "/system_information":
            await _send_async(send, 502, [(b"content-type", b"text/html")], b"<html>502 Bad Gateway</html>")
            return True
        elif kind == "no_tiles" and path == "/populate_lab_tiles":
            await _send_async(send, 404, _JSON, b'{"code":404,"description":"Not Found"}')
            return True
        elif kind == "html":
            await _send_async(send, 200, [(b"content-type", b"text/html")], _HTML)
            return True
        elif kind == "wrong_json":
            await _send_async(send, 200, _JSON, (fault.body or '{"unexpected":true}').encode())
            return True
        elif kind == "labs_vanish_midlisting" and path.removeprefix("/labs/") in self._vanished:
            await _send_async(send, 404, _JSON, b'{"code":404,"description":"Lab not found"}')
            return True
        return False

    async def _altered_async(
        self, striking: list[Fault], path: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        start, body = await _captured_async(self._app, scope, receive)
        for fault in striking:
            body = self._altered(fault, path, body)
        kinds = {fault.kind: fault for fault in striking}
        length = len(body)
        if "drop_connection" in kinds:
            length, body = length + 1000, body[: length // 2]
        kept = [(name, value) for name, value in start.get("headers", ()) if name.lower() != b"content-length"]
        headers = [*kept, (b"content-length", str(length).encode())]
        await send({"type": "http.response.start", "status": start["status"], "headers": headers})
        if "slow_drip" in kinds:
            for at in range(length):
                await send({"type": "http.response.body", "body": body[at : at + 1], "more_body": True})
                await asyncio.sleep(kinds["slow_drip"].seconds)
            body = b""
        await send({"type": "http.response.body", "body": body})

    def _altered(self, fault: Fault, path: str, body: bytes) -> bytes:
        if fault.kind == "truncated_json":
            return body[: len(body) // 2]
        is_listing = path in ("/labs", "/populate_lab_tiles")
        if fault.kind == "labs_vanish_midlisting" and path == "/labs":
            self._vanished.update(orjson.loads(body)[: fault.count])
        if fault.kind in ("empty_listing", "half_listing") and is_listing:
            return orjson.dumps(_shortened(orjson.loads(body), fault.kind))
        if fault.kind in ("changed_types", "bad_lab") and (is_listing or path.startswith("/labs/")):
            return orjson.dumps(_spoilt(orjson.loads(body), fault))
        return body


def _shortened(listing: Any, kind: str) -> Any:
    labs = listing if isinstance(listing, list) else listing["lab_tiles"]
    kept = list(labs)[: 0 if kind == "empty_listing" else len(labs) // 2]
    return kept if isinstance(labs, list) else {"lab_tiles": {lab_id: labs[lab_id] for lab_id in kept}}


def _spoilt(answer: Any, fault: Fault) -> Any:
    if isinstance(answer, list):
        return answer
    labs = list(answer["lab_tiles"].values()) if "lab_tiles" in answer else [answer]
    for lab in labs[: fault.count]:
        if fault.kind == "bad_lab":
            lab.pop("lab_title", None)
        else:
            lab.update(node_count="six", lab_title=42, groups="none", created=17)
    return answer


async def _captured_async(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
    start: Message = {}
    parts: list[bytes] = []

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            parts.append(message.get("body", b""))

    capture: Callable[[Message], Awaitable[None]] = keep
    await app(scope, receive, capture)
    return start, b"".join(parts)


async def _send_async(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
