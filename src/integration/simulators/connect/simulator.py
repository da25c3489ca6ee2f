"""Puts a simulated Connect together."""

from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp

from integration.simulators.connect.accounts import OAuthClient, Users
from integration.simulators.connect.control_routes import ControlRoutes
from integration.simulators.connect.exports_api import ExportsApi
from integration.simulators.connect.fault_layer import FaultLayer
from integration.simulators.connect.faults import Fault
from integration.simulators.connect.negotiation import Front
from integration.simulators.connect.oauth_api import OAuthApi
from integration.simulators.connect.record_table import RecordTable
from integration.simulators.connect.records_api import RecordsApi
from integration.simulators.connect.seeded_records import seeded_records
from integration.simulators.connect.state_file import StateFile
from integration.simulators.connect.tokens import TokenStore
from integration.simulators.connect.wire import ServerCrashError, describe_crash, describe_refusal
from integration.simulators.connect.world import USERS, WORKERS, World

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorSettings:
    """What a simulated Connect is like; the command's help tells what each means."""

    seed: int = 1
    records: int = 24
    opportunities: int = 0
    visits: int = 30
    client_id: str = "labkeeper"
    client_secret: str = "labkeeper-secret"  # noqa: S105 the documented secret of a simulator
    redirect_uris: tuple[str, ...] = ()
    password: str = "password"  # noqa: S105
    token_seconds: float = 1_209_600.0
    state_file: Path | None = None
    allow_faults: bool = False
    faults: tuple[Fault, ...] = ()


def build_simulator(settings: SimulatorSettings) -> ASGIApp:
    """Return the application."""
    state = StateFile(settings.state_file)
    world = World(Users((*USERS, *WORKERS), settings.password), settings.opportunities, settings.visits)
    tokens = TokenStore(settings.token_seconds, state)
    client = OAuthClient(settings.client_id, settings.client_secret, settings.redirect_uris)
    table = RecordTable(state)
    if not table.was_kept:
        table.replace_all(seeded_records(settings.seed, settings.records, world))
    control = ControlRoutes(world, tokens, table)
    front = Front(world.users, tokens)
    views = {"labs_record/": RecordsApi(table, world).views()}
    views |= {path: {"GET": view} for path, view in ExportsApi(world, settings.seed).views().items()}
    app = Starlette(
        routes=[
            *OAuthApi(client, world.users, tokens).routes(),
            *(Route(f"/export/{path}", front.guarding(guarded), methods=_METHODS) for path, guarded in views.items()),
            *(control.routes() if settings.allow_faults else ()),
        ],
        exception_handlers={HTTPException: describe_refusal, ServerCrashError: describe_crash},
    )
    control.layer = FaultLayer(app, tokens.expire)
    control.layer.replace(settings.faults)
    return control.layer
