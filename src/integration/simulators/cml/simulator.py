"""Puts a simulated controller together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from integration.simulators.cml.accounts import Account, Accounts
from integration.simulators.cml.controller_api import ControllerApi
from integration.simulators.cml.fault_layer import API, FaultLayer
from integration.simulators.cml.faults import Fault
from integration.simulators.cml.lab_world import LabWorld
from integration.simulators.cml.wire import answer, describe_refusal, refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorSettings:
    """What a simulated controller is like; the command's help tells what each means."""

    name: str = "cml"
    seed: int = 1
    labs: int = 12
    state_file: Path | None = None
    step_seconds: float = 20.0
    username: str = "admin"
    password: str = "password"  # noqa: S105 the documented password of a simulator
    user_username: str = "user"
    user_password: str = "password"  # noqa: S105
    token_seconds: float = 28_800.0
    allow_faults: bool = False
    faults: tuple[Fault, ...] = ()


def build_simulator(settings: SimulatorSettings) -> ASGIApp:
    """Return the application; its labs change while it serves."""
    world = LabWorld(settings.seed, settings.name, settings.labs, settings.state_file)
    accounts = Accounts(
        [
            Account(settings.username, settings.password, admin=True),
            Account(settings.user_username, settings.user_password, admin=False),
        ],
        settings.token_seconds,
    )
    api = ControllerApi(settings.name, world, accounts)

    @asynccontextmanager
    async def living(_app: Starlette) -> AsyncIterator[None]:
        life = asyncio.create_task(_live_async(world, settings.step_seconds))
        try:
            yield
        finally:
            life.cancel()
            with suppress(asyncio.CancelledError):
                await life

    def set_ready(ready: bool) -> None:
        api.ready = ready

    driving = _Driving(world)
    routes = [*driving.routes(), Mount(API, routes=api.routes())] if settings.allow_faults else []
    app = Starlette(
        routes=routes or [Mount(API, routes=api.routes())],
        exception_handlers={HTTPException: describe_refusal},
        lifespan=living,
    )
    driving.layer = FaultLayer(app, accounts.expire_all, set_ready)
    driving.layer.replace(settings.faults)
    return driving.layer


async def _live_async(world: LabWorld, step_seconds: float) -> None:
    while step_seconds > 0:
        await asyncio.sleep(step_seconds)
        world.step()


class _Driving:
    """The routes by which a test drives the simulator. Never there unless allowed."""

    layer: FaultLayer

    def __init__(self, world: LabWorld) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        return [
            Route("/__faults__", self.faults, methods=["POST"]),
            Route("/__labs__", self.labs, methods=["GET", "PUT"]),
            Route("/__step__", self.step, methods=["POST"]),
            Route("/__calls__", self.calls, methods=["GET", "DELETE"]),
        ]

    async def faults(self, request: Request) -> Response:
        said = orjson.loads(await request.body())
        try:
            self.layer.replace([Fault.read(entry) for entry in said["faults"]])
        except (KeyError, TypeError, ValueError) as error:
            raise refusal(400, str(error)) from error
        return Response(status_code=204)

    async def labs(self, request: Request) -> Response:
        if request.method == "GET":
            return answer([lab.data for lab in self._world.labs.values()])
        self._world.replace_all(orjson.loads(await request.body()))
        return Response(status_code=204)

    async def step(self, _request: Request) -> Response:
        return answer(self._world.step())

    async def calls(self, request: Request) -> Response:
        calls = dict(self.layer.calls)
        if request.method == "DELETE":
            self.layer.calls.clear()
        return answer(calls)
