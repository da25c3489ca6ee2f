"""The routes of a simulated Open Chat Studio."""

import asyncio
from dataclasses import asdict
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from integration.simulators.ocs.chat_world import BOTS, ChatWorld, Manner

_PLATFORMS = frozenset({"telegram", "web", "whatsapp", "facebook", "sureadhere", "api", "slack", "commcare_connect"})
_HANGS = 599


def build_simulator(api_key: str, *, drivable: bool = False) -> ASGIApp:
    """Return the application.

    Args:
        drivable: whether a test may say how it behaves and read what it was asked.
    """
    world = ChatWorld()
    api = _Api(world)
    routes = [
        # Without a slash at its end, and only without one.
        Route(f"{prefix}/trigger_bot", api.trigger, methods=["POST"])
        for prefix in ("/api", "/api/v1")
    ]
    routes += [
        route
        for prefix in ("/api", "/api/v1")
        for route in (
            Route(f"{prefix}/experiments/", api.experiments, methods=["GET"]),
            Route(f"{prefix}/experiments/{{experiment_id}}/", api.experiment, methods=["GET"]),
            Route(f"{prefix}/sessions/", api.sessions, methods=["GET"]),
            Route(f"{prefix}/sessions/{{session_id}}/", api.session, methods=["GET"]),
        )
    ]
    if drivable:
        routes.append(Route("/__manner__", api.manner, methods=["GET", "PUT"]))
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return _Front(app, world, api_key)


class _Front:
    """What comes before every view: the key, limits, outages."""

    def __init__(self, app: ASGIApp, world: ChatWorld, api_key: str) -> None:
        self._app = app
        self._world = world
        self._api_key = api_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/__"):
            await self._app(scope, receive, send)
            return
        manner = self._world.manner
        headers = Request(scope).headers
        refused: Response | None = None
        if manner.status == _HANGS:
            await asyncio.sleep(3_600)
        if manner.status:
            refused = Response("<html>not well</html>", manner.status, media_type="text/html")
        elif self._api_key not in (headers.get("x-api-key"), headers.get("authorization", "").removeprefix("Bearer ")):
            refused = _answer({"detail": "Authentication credentials were not provided."}, 401)
        elif manner.limited_for_seconds:
            refused = _answer({"detail": "Rate limit exceeded.", "available_in": manner.limited_for_seconds}, 429)
        await (refused or self._app)(scope, receive, send)


class _Api:
    def __init__(self, world: ChatWorld) -> None:
        self._world = world

    async def trigger(self, request: Request) -> Response:
        said = await _object_async(request)
        if said is None:
            return _answer({"detail": "JSON parse error"}, 400)
        missing = {
            name: ["This field is required."] for name in ("identifier", "platform", "experiment") if not said.get(name)
        }
        if bool(said.get("prompt_text")) is bool(said.get("message_text")):
            missing["non_field_errors"] = ["Exactly one of prompt_text and message_text is required."]
        if missing:
            return _answer(missing, 400)
        if said["experiment"] not in BOTS:
            return _answer({"detail": "No Experiment matches the given query."}, 404)
        if said["platform"] not in _PLATFORMS:
            return _answer({"detail": f"Experiment cannot send messages on the {said['platform']} channel"}, 400)
        if said["identifier"] in self._world.manner.without_consent:
            return _answer({"detail": "User has not given consent"}, 400)
        session = self._world.trigger(said)
        if self._world.manner.answers_empty:
            return Response(b"", 200)
        told = {"session_id": session["id"], "url": f"/sessions/{session['id']}", "team": "field", "channel": "x"}
        return _answer(told)

    async def experiments(self, request: Request) -> Response:
        return _answer({"next": None, "previous": None, "results": [_bot(request, one) for one in BOTS]})

    async def experiment(self, request: Request) -> Response:
        bot_id = request.path_params["experiment_id"]
        return _answer(_bot(request, bot_id)) if bot_id in BOTS else _answer({"detail": "Not found."}, 404)

    async def sessions(self, request: Request) -> Response:
        asked = request.query_params
        newest_first = asked.get("ordering", "created_at").startswith("-")
        rows = self._world.of_experiment(asked.get("experiment"), newest_first=newest_first)
        size = min(int(asked.get("page_size", "100")), 1500)
        return _answer({"next": None, "previous": None, "results": rows[:size], "count": len(rows)})

    async def session(self, request: Request) -> Response:
        for one in self._world.sessions:
            if one["id"] == request.path_params["session_id"]:
                return _answer(one)
        return _answer({"detail": "Not found."}, 404)

    async def manner(self, request: Request) -> Response:
        if request.method == "PUT":
            self._world.manner = Manner(**orjson.loads(await request.body()))
        return _answer({"manner": asdict(self._world.manner), "triggers": self._world.triggers})


def _bot(request: Request, bot_id: str) -> dict[str, Any]:
    version = {"version_number": 1, "is_default_version": True, "version_description": ""}
    where = f"{request.url.scheme}://{request.url.netloc}/api/experiments/{bot_id}/"
    versions = [{"name": BOTS[bot_id], **version}]
    return {"id": bot_id, "name": BOTS[bot_id], "url": where, "version_number": 1, "versions": versions}


async def _object_async(request: Request) -> dict[str, Any] | None:
    try:
        said = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        return None
    return said if isinstance(said, dict) else None


def _answer(data: object, status: int = 200) -> Response:
    return Response(orjson.dumps(data), status, media_type="application/json")
