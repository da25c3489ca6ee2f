"""The routes by which a test drives the simulator. Never there unless allowed."""

import json
from dataclasses import replace

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integration.simulators.connect.fault_layer import FaultLayer
from integration.simulators.connect.faults import Fault
from integration.simulators.connect.record_table import RecordTable
from integration.simulators.connect.tokens import TokenStore
from integration.simulators.connect.wire import answer
from integration.simulators.connect.world import World


class ControlRoutes:
    """Faults, calls, tokens, records, memberships."""

    layer: FaultLayer

    def __init__(self, world: World, tokens: TokenStore, table: RecordTable) -> None:
        self._world = world
        self._tokens = tokens
        self._table = table

    def routes(self) -> list[Route]:
        """Return all routes."""
        return [
            Route("/__faults__", self.faults, methods=["POST"]),
            Route("/__calls__", self.calls, methods=["GET", "DELETE"]),
            Route("/__tokens__", self.give_token, methods=["POST"]),
            Route("/__expire__", self.expire_tokens, methods=["POST"]),
            Route("/__records__", self.records, methods=["GET", "PUT"]),
            Route("/__world__", self.another_world, methods=["PUT"]),
            Route("/__users__/{username}", self.user, methods=["PATCH", "DELETE"]),
        ]

    async def faults(self, request: Request) -> Response:
        """Have the faults of ``{"faults": [...]}`` and no others."""
        said = orjson.loads(await request.body())
        try:
            self.layer.replace([Fault.read(entry) for entry in said["faults"]])
        except (KeyError, TypeError, ValueError) as error:
            raise HTTPException(400, str(error)) from error
        return Response(status_code=204)

    async def calls(self, request: Request) -> Response:
        """Return the calls so far, ``{"GET /export/labs_record/": 3}``; DELETE forgets them afterwards."""
        calls = dict(self.layer.calls)
        if request.method == "DELETE":
            self.layer.calls.clear()
        return answer(calls)

    async def give_token(self, request: Request) -> Response:
        """Give a token as a login would, for ``{"username", "scope"}``."""
        said = orjson.loads(await request.body())
        return answer(self._tokens.give(said["username"], said.get("scope", "export openid")))

    async def expire_tokens(self, request: Request) -> Response:
        """End access tokens, of ``username`` or of everybody; with ``refresh`` nor may they be refreshed."""
        said = orjson.loads(await request.body())
        self._tokens.expire(said.get("username"), refresh=bool(said.get("refresh")))
        return Response(status_code=204)

    async def records(self, request: Request) -> Response:
        """Return all records in order of id, or have exactly those that are sent, ids included.

        ``?restart_ids=1`` gives ids out from the first one again.
        """
        if request.method == "GET":
            return answer(b"[%s]" % b",".join(row.body for _, row in sorted(self._table.rows.items())))
        restart = request.query_params.get("restart_ids") == "1"
        self._table.replace_all(json.loads(await request.body()), restart_ids=restart)
        return Response(status_code=204)

    async def another_world(self, request: Request) -> Response:
        """Have other ``organizations``, ``programs``, ``opportunities`` and ``users`` (``{username, of: [slug]}``)."""
        self._world.replace_all(orjson.loads(await request.body()))
        return Response(status_code=204)

    async def user(self, request: Request) -> Response:
        """Give a user other ``organizations`` (slugs), or remove one, and with them their records."""
        user = self._world.users.find(request.path_params["username"])
        if user is None:
            raise HTTPException(404)
        if request.method == "DELETE":
            self._world.users.remove(user.username)
            theirs = [row.id for row in self._table.rows.values() if row.values["username"] == user.username]
            self._table.commit(remove=theirs)
        else:
            said = orjson.loads(await request.body())
            self._world.users.replace(replace(user, organizations=frozenset(said["organizations"])))
        return Response(status_code=204)
