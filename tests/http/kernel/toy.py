"""A small application with one controller, to see the edge that all controllers share."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import httpx
import uvicorn
from classy_fastapi import get, post
from fastapi import FastAPI, Query, Request, Response
from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler, Mediator

from api.kernel.authentication import Authenticator
from api.kernel.authorization import Role, public, requires
from api.kernel.builder import LabkeeperWebApplicationBuilder
from api.kernel.conditional import expected_version, not_modified, version_tag
from api.kernel.controller import LabkeeperController
from api.kernel.jwt_tokens import JwtTokens
from api.kernel.paging import DEFAULT_LIMIT, CursorParameter, Limit
from api.kernel.server_sent_events import EventStreamResponse, ServerSentEvent
from api.kernel.shutdown import LabkeeperServer, Shutdown
from api.kernel.strict_body import StrictBody
from api.kernel.tokens import mint_token
from application.kernel.handlers import register_handler
from application.kernel.idempotency import IdempotencyKeys
from application.kernel.paging import Cursor, Page
from application.kernel.refusals import too_soon
from application.kernel.request_context import current_request
from domain.kernel.clock import Clock
from domain.kernel.errors import UnavailableError

SECRET = b"a secret of thirty-two bytes or more"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class FixedClock(Clock):
    def __init__(self, now: datetime = NOW) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time


class ToyBody(StrictBody):
    name: str
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class MakeToyCommand(Command[OperationResult[dict[str, str]]]):
    name: str


class Made:
    def __init__(self) -> None:
        self.names: list[str] = []
        self.command_ids: list[str] = []
        self.gate: asyncio.Event | None = None


class MakeToyCommandHandler(CommandHandler[MakeToyCommand, OperationResult[dict[str, str]]]):
    def __init__(self, made: Made) -> None:
        self._made = made

    async def handle_async(self, request: MakeToyCommand) -> OperationResult[dict[str, str]]:
        self._made.command_ids.append(current_request().command_id)
        if self._made.gate is not None:
            await self._made.gate.wait()
        if request.name == "unavailable":
            raise UnavailableError("the toy store gives no answer", 3)
        if request.name == "bug":
            raise ZeroDivisionError("secret inside")
        if request.name == "soon":
            return too_soon("not again so soon", 4.2)
        self._made.names.append(request.name)
        current_request().wrote("toys", len(self._made.names))
        return self.created({"name": request.name, "actor": current_request().actor})


class ToysController(LabkeeperController):
    route_prefix = "/toys"

    def __init__(self, mediator: Mediator, made: Made, shutdown: Shutdown) -> None:
        super().__init__(mediator)
        self._made = made
        self._shutdown = shutdown
        self.source_closed = asyncio.Event()

    @requires(Role.USER)
    @get("")
    async def list_toys(
        self,
        limit: Limit = DEFAULT_LIMIT,
        cursor: CursorParameter = None,
        state: str | None = None,
        tag: Annotated[list[str] | None, Query()] = None,
    ) -> Response:
        """List toys."""
        after = int(str(Cursor.decode(cursor, f"toys|{state}")[0])) if cursor else 0
        items = list(range(after + 1, after + limit + 1))
        page = Page(items, Cursor.encode([items[-1]], f"toys|{state}"))
        return self.process(_ok(page))

    @requires(Role.MANAGER)
    @post("")
    async def make_toy(self, body: ToyBody) -> Response:
        """Make a toy."""
        return self.process(await self.mediator.execute_async(MakeToyCommand(name=body.name)), {"Location": "/x"})

    @requires(Role.ADMIN)
    @get("/boom")
    async def boom(self) -> Response:
        raise MemoryError("secret inside")

    @requires(Role.USER)
    @get("/versioned")
    async def versioned(self, request: Request) -> Response:
        unchanged = not_modified(request, version_tag(3))
        version = expected_version(request)
        return unchanged or self.process(_ok({"version": version}), {"ETag": version_tag(3)})

    @public
    @get("/open")
    async def open_to_all(self) -> Response:
        return self.process(_ok({"open": True}))

    @requires(Role.USER)
    @get("/stream")
    async def stream(self) -> Response:
        async def events() -> AsyncIterator[ServerSentEvent]:
            try:
                yield ServerSentEvent("one\ntwo", "1", "toy")
                await asyncio.Event().wait()
            finally:
                self.source_closed.set()

        return EventStreamResponse(events(), self._shutdown, heartbeat_seconds=0.05)


def _ok(data: object) -> OperationResult[object]:
    result: OperationResult[object] = OperationResult("OK", 200)
    result.data = data
    return result


def toy_app(
    authenticator: Authenticator | None = None,
    keys: IdempotencyKeys | None = None,
    configure: Callable[[LabkeeperWebApplicationBuilder], None] = lambda _: None,
    max_body_bytes: int = 2000,
    body_timeout_seconds: float = 60.0,
) -> FastAPI:
    """Build the application; nothing is started."""
    builder = LabkeeperWebApplicationBuilder(max_body_bytes=max_body_bytes, body_timeout_seconds=body_timeout_seconds)
    builder.services.add_singleton(
        Authenticator,
        singleton=authenticator or Authenticator(JwtTokens(SECRET, clock=FixedClock(), leeway_seconds=10)),
    )
    builder.services.add_singleton(Made)
    if keys is not None:
        builder.services.add_singleton(IdempotencyKeys, singleton=keys)
    register_handler(builder.services, MakeToyCommandHandler)
    builder.add_controller(ToysController)
    configure(builder)
    return builder.build_app_with_lifespan("Toys")


def token(role: Role = Role.ADMIN, subject: str = "ada", ttl_seconds: int = 3600) -> str:
    return mint_token(SECRET, role, subject, ttl_seconds, clock=FixedClock())


def bearer(role: Role = Role.ADMIN, subject: str = "ada") -> dict[str, str]:
    return {"Authorization": f"Bearer {token(role, subject)}"}


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://toys")


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[tuple[str, LabkeeperServer]]:
    """Serve on a free loopback port; yields the URL and the server, and ends it."""
    server = LabkeeperServer(uvicorn.Config(app, "127.0.0.1", 0, log_config=None, lifespan="on"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  uvicorn has no event to wait for
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", server
    finally:
        server.should_exit = True
        await asyncio.wait_for(task, 60)
