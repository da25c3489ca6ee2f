"""``/static``: the files of the pages."""

from typing import Annotated

from classy_fastapi import get
from fastapi import Path, Request, Response
from neuroglia.mediation import Mediator

from api.dashboard.static_files import StaticFiles
from api.kernel.authorization import public
from api.kernel.conditional import not_modified
from api.kernel.controller import LabkeeperController
from api.kernel.problems import RefusedError
from application.kernel.refusals import Refusal

_FOR_EVER = "public, max-age=31536000, immutable"


class StaticController(LabkeeperController):
    """Gives files that browsers may keep: another content has another address."""

    route_prefix = "/static"
    versioned = False

    def __init__(self, mediator: Mediator, static: StaticFiles) -> None:
        self._static = static
        super().__init__(mediator)

    @public
    @get("/{version}/{name}", response_class=Response, include_in_schema=False)
    async def file(
        self,
        request: Request,
        version: Annotated[str, Path(pattern=r"^[0-9a-z]{1,32}$")],
        name: Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,64}$")],
    ) -> Response:
        """Return a file of the pages. A page from before an update gets the newer file, and is told not to keep it."""
        found = await self._static.file_async(name)
        if found is None:
            raise RefusedError(Refusal(404, "not-found", "Not found", f"there is no file {name}"))
        caching = _FOR_EVER if version == self._static.version else "no-cache"
        headers = {"Cache-Control": caching, "ETag": f'"{found.tag}"', "Vary": "Accept-Encoding"}
        unchanged = not_modified(request, headers["ETag"], headers)
        if unchanged is not None:
            return unchanged
        body = found.body
        if found.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            body = found.compressed
            headers["Content-Encoding"] = "gzip"
        return Response(body, 200, headers, found.media_type)
