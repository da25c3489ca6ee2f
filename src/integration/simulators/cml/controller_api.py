"""The controller's interface under ``/api/v0``."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integration.simulators.cml import system_answers
from integration.simulators.cml.accounts import Account, Accounts
from integration.simulators.cml.lab_stories import (
    PERMISSIONS,
    SimulatedLab,
    new_lab,
    seeded_random,
    seeded_uuid,
    shown_time,
)
from integration.simulators.cml.lab_world import LabWorld, tiles_of
from integration.simulators.cml.wire import answer, fields_of, json_async, refusal


class ControllerApi:
    """The routes, over the labs and the accounts."""

    def __init__(self, name: str, world: LabWorld, accounts: Accounts) -> None:
        self._name = name
        self._world = world
        self._accounts = accounts
        self.ready = True

    def routes(self) -> list[Route]:
        """Return all routes, without the common front."""
        lab = "/labs/{lab_id}"
        return [
            Route("/authenticate", self.authenticate, methods=["POST"]),
            Route("/auth_extended", self.auth_extended, methods=["POST"]),
            Route("/authok", self.authok),
            Route("/logout", self.logout, methods=["DELETE"]),
            Route("/system_information", self.system_information),
            Route("/system_health", self.system_health),
            Route("/system_stats", self.system_stats),
            Route("/populate_lab_tiles", self.populate_lab_tiles),
            Route("/labs", self.list_ids, methods=["GET"]),
            Route("/labs", self.create, methods=["POST"]),
            Route("/import", self.import_lab, methods=["POST"]),
            Route(lab, self.show, methods=["GET"]),
            Route(lab, self.patch, methods=["PATCH"]),
            Route(lab, self.delete, methods=["DELETE"]),
            Route(f"{lab}/state", self.state),
            Route(f"{lab}/tile", self.show),
            Route(f"{lab}/nodes", self.nodes),
            Route(f"{lab}/check_if_converged", self.check_if_converged),
            Route(f"{lab}/start", self.start, methods=["PUT"]),
            Route(f"{lab}/stop", self.stop, methods=["PUT"]),
            Route(f"{lab}/wipe", self.wipe, methods=["PUT"]),
        ]

    async def authenticate(self, request: Request) -> Response:
        return answer((await self._log_in_async(request))[1])

    async def auth_extended(self, request: Request) -> Response:
        account, token = await self._log_in_async(request)
        user_id = seeded_uuid("user", account.username)
        told = {"username": account.username, "id": user_id, "token": token, "admin": account.admin, "error": None}
        return answer(told)

    async def authok(self, request: Request) -> Response:
        self._account(request)
        return answer("OK")

    async def logout(self, request: Request) -> Response:
        self._account(request)
        if request.query_params.get("clear_all_sessions", "false").lower() == "true":
            self._accounts.expire_all()
        self._accounts.log_out(request.headers["authorization"])
        return answer(b"true")

    async def system_information(self, _request: Request) -> Response:
        return answer(system_answers.information(self.ready))

    async def system_health(self, request: Request) -> Response:
        self._account(request)
        return answer(system_answers.health(self._name))

    async def system_stats(self, request: Request) -> Response:
        self._account(request)
        started = [lab for lab in self._world.labs.values() if lab.data.get("state") == "STARTED"]
        return answer(system_answers.stats(self._name, len(started)))

    async def populate_lab_tiles(self, request: Request) -> Response:
        account = self._account(request)
        if account.admin:
            return answer(self._world.tiles())
        return answer(tiles_of(self._visible(account, show_all=False)))

    async def list_ids(self, request: Request) -> Response:
        account = self._account(request)
        show_all = request.query_params.get("show_all", "false").lower() == "true"
        return answer([lab.lab_id for lab in self._visible(account, show_all=show_all)])

    async def show(self, request: Request) -> Response:
        return answer(self._lab(request).body())

    async def state(self, request: Request) -> Response:
        return answer(self._lab(request).data.get("state"))

    async def check_if_converged(self, request: Request) -> Response:
        self._lab(request)
        return answer(b"true")

    async def nodes(self, request: Request) -> Response:
        lab = self._lab(request)
        ids = [seeded_uuid(lab.lab_id, number) for number in range(int(lab.data.get("node_count") or 0))]
        if request.query_params.get("data", "false").lower() != "true":
            return answer(ids)
        state = "BOOTED" if lab.data.get("state") == "STARTED" else lab.data.get("state")
        told = ({"id": node, "lab_id": lab.lab_id, "label": f"n{n}", "state": state} for n, node in enumerate(ids))
        return answer(list(told))

    async def start(self, request: Request) -> Response:
        return self._moved(request, "STARTED")

    async def stop(self, request: Request) -> Response:
        return self._moved(request, "STOPPED")

    async def wipe(self, request: Request) -> Response:
        if self._lab(request).data.get("state") == "STARTED":
            raise refusal(400, "Lab must be stopped before it is wiped")
        return self._moved(request, "DEFINED_ON_CORE")

    async def delete(self, request: Request) -> Response:
        lab = self._lab(request)
        if lab.data.get("state") != "DEFINED_ON_CORE":
            raise refusal(400, "Lab must be stopped and wiped before it is deleted")
        self._world.remove(lab.lab_id)
        return Response(status_code=204)

    async def create(self, request: Request) -> Response:
        lab = self._made(self._account(request))
        lab.change(datetime.now(UTC), **fields_of(await json_async(request)))
        self._world.add(lab)
        return answer(lab.body())

    async def import_lab(self, request: Request) -> Response:
        lab = self._made(self._account(request))
        if not await request.body():
            raise refusal(400, "Topology not provided")
        title = request.query_params.get("title", "Imported lab")[:64]
        lab.change(datetime.now(UTC), lab_title=title)
        self._world.add(lab)
        return answer({"id": lab.lab_id, "warnings": None})

    async def patch(self, request: Request) -> Response:
        lab = self._lab(request)
        lab.change(datetime.now(UTC), **fields_of(await json_async(request)))
        self._world.changed()
        return answer(lab.body())

    def _made(self, account: Account) -> SimulatedLab:
        now = datetime.now(UTC)
        seed = f"{self._name}/{now.timestamp()}/{len(self._world.labs)}"
        lab = new_lab(seed, seeded_random(seed), now)
        lab.change(
            now,
            created=shown_time(now),
            lab_title=f"Lab at {now:%a %H:%M %p}",
            lab_description="",
            lab_notes="",
            owner=seeded_uuid("user", account.username),
            owner_username=account.username,
            owner_fullname="",
            state="DEFINED_ON_CORE",
            node_count=0,
            link_count=0,
            groups=[],
            effective_permissions=list(PERMISSIONS),
        )
        return lab

    def _moved(self, request: Request, state: str) -> Response:
        self._lab(request).change(datetime.now(UTC), state=state)
        self._world.changed()
        return Response(status_code=204)

    def _visible(self, account: Account, *, show_all: bool) -> list[SimulatedLab]:
        labs = self._world.labs.values()
        if account.admin and show_all:
            return list(labs)
        return [lab for lab in labs if lab.data.get("owner_username") == account.username]

    def _lab(self, request: Request) -> SimulatedLab:
        account = self._account(request)
        lab_id = request.path_params["lab_id"]
        lab = self._world.labs.get(lab_id)
        if lab is None or not (account.admin or lab.data.get("owner_username") == account.username):
            raise refusal(404, f"Lab not found: {lab_id}")
        return lab

    def _account(self, request: Request) -> Account:
        account = self._accounts.who(request.headers.get("authorization"))
        if account is None:
            raise refusal(401, "Unauthorized")
        return account

    async def _log_in_async(self, request: Request) -> tuple[Account, str]:
        said = await json_async(request)
        entry = self._accounts.log_in(said.get("username"), said.get("password"))
        if entry is None:
            raise refusal(403, "Authentication failed!")
        return entry
