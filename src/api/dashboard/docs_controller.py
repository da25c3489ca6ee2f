"""The page that describes the API."""

from classy_fastapi import get
from fastapi import Response
from neuroglia.mediation import Mediator

from api.dashboard.page_shell import PageShell
from api.kernel.authorization import public
from api.kernel.controller import LabkeeperController


class DocsController(LabkeeperController):
    """Shows the description of the API with Swagger UI, served from here: it works without any other host."""

    def __init__(self, mediator: Mediator, shell: PageShell) -> None:
        self._shell = shell
        super().__init__(mediator)

    @public
    @get("/docs", response_class=Response, include_in_schema=False)
    async def docs(self) -> Response:
        """Return the page."""
        return self._shell.page("docs.html", {"title": "API"})
