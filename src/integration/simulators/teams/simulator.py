"""The routes of simulated Teams webhooks: ``/workflows/<any>`` and ``/legacy/<any>``.

A workflow answers 202 with nothing, a legacy connector 200 with ``1``; both refuse what they would not show. Messages
that were taken are at ``GET /messages``, newest last.
"""

import asyncio
import time
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_BYTES = 28 * 1024
PER_SECOND = 4
EXTENSION = "labkeeper.simulator"
THROTTLED = (
    "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x"
)


@dataclass
class Manner:
    """How it behaves.

    Attributes:
        throttled: so many messages more are refused with 429 (legacy: 200 with a text that says so).
        retry_after_seconds: what it says then; 0 for nothing.
        status: every message is refused with this; 0 for none.
        failing: so many messages more are refused with 500.
        slow_seconds: it takes the message and is silent for so long.
        drops: so many messages more are taken, and the connection is cut before the answer.
        says: what every message to a legacy connector is answered with, in a 200; empty for nothing.
        limits: whether more than four messages a second to one address are refused with 429.
    """

    throttled: int = 0
    retry_after_seconds: int = 0
    status: int = 0
    failing: int = 0
    slow_seconds: float = 0.0
    drops: int = 0
    says: str = ""
    limits: bool = True


class HungUp(Response):
    """Cuts the connection instead of answering."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  never answers
        scope["extensions"][EXTENSION]["transport"].abort()
        # The server notices on the next turns of its loop; returning earlier would make it complain.
        await asyncio.sleep(0.01)


class DroppingProtocol(HttpToolsProtocol):
    """Lets an answer cut its connection, which ASGI has no message for."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: {"transport": self.transport}}


class TeamsWorld:
    """What was sent to whom."""

    def __init__(self) -> None:
        self.manner = Manner()
        self.messages: list[dict[str, Any]] = []
        self.requests = 0
        self._lately: dict[str, list[float]] = {}

    async def post(self, request: Request) -> Response:
        self.requests += 1
        legacy = request.url.path.startswith("/legacy/")
        body = await request.body()
        manner = self.manner
        if manner.status:
            return PlainTextResponse("not well", manner.status)
        if manner.failing:
            manner.failing -= 1
            return PlainTextResponse("not well", 500)
        if manner.throttled or (manner.limits and self._too_fast(str(request.url))):
            manner.throttled = max(0, manner.throttled - 1)
            headers = {"retry-after": str(manner.retry_after_seconds)} if manner.retry_after_seconds else {}
            return PlainTextResponse(THROTTLED, 200 if legacy else 429, headers)
        if manner.says and legacy:
            return PlainTextResponse(manner.says)
        objection = _objection(body, legacy=legacy)
        if objection is not None:
            return PlainTextResponse(objection, 413 if len(body) > LARGEST_BYTES else 400)
        self.messages.append(
            {"path": request.url.path, "at": time.time(), "bytes": len(body), "message": orjson.loads(body)}
        )
        if manner.drops:
            manner.drops -= 1
            return HungUp()
        await asyncio.sleep(manner.slow_seconds)
        return PlainTextResponse("1") if legacy else Response(status_code=202)

    async def told(self, _request: Request) -> Response:
        return Response(
            orjson.dumps({"items": self.messages, "requests": self.requests}), media_type="application/json"
        )

    async def drive(self, request: Request) -> Response:
        if request.method == "PUT":
            self.manner = Manner(**orjson.loads(await request.body()))
        return Response(orjson.dumps(asdict(self.manner)), media_type="application/json")

    def _too_fast(self, url: str) -> bool:
        now = time.monotonic()
        lately = [at for at in self._lately.get(url, []) if now - at < 1.0]
        self._lately[url] = [*lately, now]
        return len(lately) >= PER_SECOND


def build_simulator(*, drivable: bool = False) -> ASGIApp:
    """Return the application; ``drivable`` lets callers set how it behaves."""
    world = TeamsWorld()
    routes = [
        Route("/workflows/{name:path}", world.post, methods=["POST"]),
        Route("/legacy/{name:path}", world.post, methods=["POST"]),
        Route("/messages", world.told, methods=["GET"]),
    ]
    if drivable:
        routes.append(Route("/__manner__", world.drive, methods=["GET", "PUT"]))
    return Starlette(routes=routes)


def _objection(body: bytes, *, legacy: bool) -> str | None:
    if len(body) > LARGEST_BYTES:
        return "Request Entity Too Large"
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "Bad payload received by generic incoming webhook."
    if not isinstance(message, dict):
        return "Bad payload received by generic incoming webhook."
    if legacy:
        return None if _is_message_card(message) else "Summary or Text is required."
    return None if _has_adaptive_cards(message) else "Property 'type' must be 'AdaptiveCard'."


def _is_message_card(message: dict[str, Any]) -> bool:
    return message.get("@type") == "MessageCard" and bool(message.get("summary") or message.get("text"))


def _has_adaptive_cards(message: dict[str, Any]) -> bool:
    attachments = message.get("attachments")
    if message.get("type") != "message" or not isinstance(attachments, list) or not attachments:
        return False
    kind = "application/vnd.microsoft.card.adaptive"
    return all(
        one.get("contentType") == kind
        and one.get("content", {}).get("type") == "AdaptiveCard"
        and isinstance(one["content"].get("body"), list)
        for one in attachments
    )
