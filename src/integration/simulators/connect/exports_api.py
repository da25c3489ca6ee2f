"""Everything below ``/export/`` but records."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from integration.simulators.connect import export_rows
from integration.simulators.connect.accounts import User
from integration.simulators.connect.export_rows import ExportRow
from integration.simulators.connect.list_answers import csv_answer, page_answer
from integration.simulators.connect.negotiation import View
from integration.simulators.connect.wire import answer, not_found
from integration.simulators.connect.world import Opportunity, World

_VISITS = (
    "id", "opportunity_id", "username", "user_id", "user_visit_id", "deliver_unit", "entity_id", "entity_name",
    "visit_date", "status", "reason", "location", "flagged", "flag_reason", "form_json", "completed_work",
    "status_modified_date", "review_status", "review_created_on", "justification", "date_created", "completed_work_id",
    "deliver_unit_id",
)  # fmt: skip
_WORKERS = (
    "username", "name", "phone", "date_learn_started", "user_invite_status", "payment_accrued", "suspended",
    "suspension_date", "suspension_reason", "invited_date", "completed_learn_date", "last_active", "date_claimed",
    "claim_limits",
)  # fmt: skip
_MODULES = ("username", "module", "opportunity_id", "date", "duration")

Rows = Callable[[Request, Opportunity], Iterator[ExportRow]]


class ExportsApi:
    """What a user may see, one opportunity, and its lists."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._seed = seed

    def views(self) -> dict[str, View]:
        """Return the GET views by path below ``/export/``."""
        below = "opportunity/{opportunity_id:int}/"
        return {
            "opp_org_program_list/": self.seen,
            below: self.one,
            f"{below}user_data/": self._list(_WORKERS, self._workers),
            f"{below}user_visits/": self._list(_VISITS, self._visits),
            f"{below}completed_module/": self._list(_MODULES, self._modules),
            f"{below}task_types/": self._list(None, lambda _request, one: export_rows.task_types(one)),
        }

    async def seen(self, _request: Request, user: User, _version: str) -> Response:
        return answer(self._world.seen_by(user))

    async def one(self, request: Request, user: User, _version: str) -> Response:
        return answer(_described(self._opportunity(request, user)))

    def _list(self, columns: tuple[str, ...] | None, rows: Rows) -> View:
        """Return the view of a list; without columns there is no CSV of it."""

        async def view(request: Request, user: User, version: str) -> Response:
            if version == "1.0" and columns is None:
                raise HTTPException(406, 'Invalid version in "Accept" header.')
            opportunity = self._opportunity(request, user)
            if version == "2.0" or columns is None:
                return page_answer(request, rows(request, opportunity))
            return csv_answer((*columns, *_more_columns(request, columns)), rows(request, opportunity))

        return view

    def _opportunity(self, request: Request, user: User) -> Opportunity:
        number = request.path_params["opportunity_id"]
        if not self._world.is_member(user, "opportunity", number):
            raise not_found()
        return self._world.opportunities[number]

    def _workers(self, _request: Request, opportunity: Opportunity) -> Iterator[ExportRow]:
        return export_rows.workers(self._seed, opportunity)

    def _visits(self, request: Request, opportunity: Opportunity) -> Iterator[ExportRow]:
        return export_rows.visits(self._seed, opportunity, images=_wants_images(request))

    def _modules(self, request: Request, opportunity: Opportunity) -> Iterator[ExportRow]:
        return export_rows.completed_modules(self._seed, opportunity, request.query_params.get("username"))


def _wants_images(request: Request) -> bool:
    return request.query_params.get("images", "").lower() == "true"


def _more_columns(request: Request, columns: tuple[str, ...]) -> tuple[str, ...]:
    return ("images",) if columns is _VISITS and _wants_images(request) else ()


def _described(one: Opportunity) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "description": f"{one.name}: visits to households.",
        "short_description": one.name,
        "date_created": one.date_created.isoformat().replace("+00:00", "Z"),
        "date_modified": one.date_created.isoformat().replace("+00:00", "Z"),
        "organization": one.organization,
        "learn_app": _app(one, "learn", 1),
        "deliver_app": _app(one, "deliver", 2),
        "start_date": one.date_created.date().isoformat(),
        "end_date": one.end_date.isoformat(),
        "max_visits_per_user": 200,
        "daily_max_visits_per_user": 10,
        "budget_per_user": 4_000,
        "budget_per_visit": 20,
        "total_budget": 480_000,
        "currency": "KES",
        "is_active": one.is_active,
        "payment_units": [
            {
                "id": 3,
                "payment_unit_id": str(UUID(int=3)),
                "name": "Visit",
                "max_total": 200,
                "max_daily": 10,
                "amount": 20,
                "end_date": None,
            }
        ],
        "verification_flags": {"form_submission_start": "06:00:00", "form_submission_end": "20:00:00"},
    }


def _app(one: Opportunity, kind: str, number: int) -> dict[str, Any]:
    modules = [
        {"slug": f"module-{n}", "name": f"Module {n}", "description": "", "time_estimate": 2, "id": 39 + n}
        for n in (1, 2, 3)
    ]
    return {
        "cc_domain": f"connect-{one.organization}",
        "cc_app_id": f"app-{one.id}-{number}",
        "name": f"{one.name} ({kind})",
        "description": "",
        "organization": one.organization,
        "learn_modules": modules if kind == "learn" else [],
        "passing_score": 80 if kind == "learn" else -1,
        "install_url": None,
        "id": one.id * 10 + number,
    }
