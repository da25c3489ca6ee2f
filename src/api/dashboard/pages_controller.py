"""The pages of the dashboard."""

from dataclasses import dataclass
from typing import Annotated

from classy_fastapi import get
from fastapi import Query, Request, Response
from neuroglia.mediation import Mediator

from api.dashboard.page_route import PageRoute
from api.dashboard.page_shell import PageShell
from api.dashboard.static_files import StaticFiles
from api.kernel.authorization import Role, public, requires
from api.kernel.controller import LabkeeperController
from api.kernel.guarded_route import principal_of
from api.kernel.query_strings import takes_other_parameters


@dataclass(frozen=True, slots=True)
class Page:
    """A page as the navigation names it. ``script`` is its own module among the static files."""

    path: str
    title: str
    template: str
    script: str


PAGES = (
    Page("/", "Overview", "overview.html", "overview.js"),
    Page("/alerts", "Alerts", "alerts.html", "alerts.js"),
    Page("/specimens", "Specimens", "specimens.html", "specimens.js"),
    Page("/what-if", "What-if", "what_if.html", "what_if.js"),
    Page("/data-quality", "Data quality", "data_quality.html", "data_quality.js"),
    Page("/import", "Import", "import.html", "import.js"),
    Page("/labs", "Labs", "labs.html", "labs.js"),
    Page("/system", "System", "system.html", "system.js"),
)


class PagesController(LabkeeperController):
    """Gives pages without data: each asks the API for what it shows, with the session of whoever looks at it."""

    versioned = False
    route_class = PageRoute

    def __init__(self, mediator: Mediator, shell: PageShell, static: StaticFiles) -> None:
        self._shell = shell
        self._static = static
        super().__init__(mediator)

    @public
    @get("/favicon.ico", response_class=Response, include_in_schema=False)
    async def icon(self) -> Response:
        """The icon, where browsers look for one on their own."""
        found = await self._static.file_async("mark.svg")
        assert found is not None
        return Response(found.body, 200, {"Cache-Control": "public, max-age=86400"}, found.media_type)

    @public
    @get("/login", response_class=Response, include_in_schema=False)
    async def login(
        self,
        next: Annotated[str, Query(max_length=2000)] = "/",  # noqa: A002  # the parameter's name
    ) -> Response:
        """Where people log in, by a token or at Connect."""
        return self._page("login.html", title="Log in", script="login.js", next=next)

    @requires(Role.USER)
    @takes_other_parameters
    @get("/", response_class=Response, include_in_schema=False)
    async def overview(self, request: Request) -> Response:
        """The state of the lab, live. Filters are in the URL."""
        return self._guarded_page(request, "/")

    @requires(Role.USER)
    @takes_other_parameters
    @get("/specimens", response_class=Response, include_in_schema=False)
    async def specimens(self, request: Request) -> Response:
        """Find a specimen, see what happened to it, move it on."""
        return self._guarded_page(request, "/specimens")

    @requires(Role.USER)
    @takes_other_parameters
    @get("/alerts", response_class=Response, include_in_schema=False)
    async def alerts(self, request: Request) -> Response:
        """What stands and what has ended, what is watched, and who is told. Filters are in the URL."""
        return self._guarded_page(request, "/alerts")

    @requires(Role.USER)
    @takes_other_parameters
    @get("/what-if", response_class=Response, include_in_schema=False)
    async def what_if(self, request: Request) -> Response:
        """What would help."""
        return self._guarded_page(request, "/what-if")

    @requires(Role.USER)
    @get("/data-quality", response_class=Response, include_in_schema=False)
    async def data_quality(self, request: Request) -> Response:
        """Rules, and what broke them."""
        return self._guarded_page(request, "/data-quality")

    @requires(Role.USER)
    @get("/import", response_class=Response, include_in_schema=False)
    async def imports(self, request: Request) -> Response:
        """Bring specimens in from a file."""
        return self._guarded_page(request, "/import")

    @requires(Role.USER)
    @takes_other_parameters
    @get("/labs", response_class=Response, include_in_schema=False)
    async def labs(self, request: Request) -> Response:
        """Workers and their labs."""
        return self._guarded_page(request, "/labs")

    @requires(Role.USER)
    @get("/system", response_class=Response, include_in_schema=False)
    async def system(self, request: Request) -> Response:
        """Jobs, subscriptions and read models."""
        return self._guarded_page(request, "/system")

    def _guarded_page(self, request: Request, path: str) -> Response:
        page = next(one for one in PAGES if one.path == path)
        principal = principal_of(request)
        assert principal is not None
        role = principal.role.value if principal.role is not None else ""
        return self._page(
            page.template, title=page.title, script=page.script, page=page, user=principal.subject, role=role
        )

    def _page(self, template: str, **shown: object) -> Response:
        return self._shell.page(template, {"pages": PAGES, **shown})
