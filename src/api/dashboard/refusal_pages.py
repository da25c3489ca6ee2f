"""Refusals that a browser shows to somebody: a page instead of a problem document."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.dashboard.page_shell import PageShell

_OF_PROGRAMS = ("/api/", "/auth/", "/export/", "/static/")
_SAID = {
    404: ("Not found", "There is no page at this address."),
    422: ("Not understood", "This address asks for something that the page does not know."),
}


def install_refusal_pages(app: FastAPI, shell: PageShell) -> None:
    """Answer whoever asks for a page (``Accept: text/html``) with one, be there none; programs are told as before."""
    for kind in (HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _page_or(app.exception_handlers[kind], shell))


def _page_or(problem: Callable[..., Any], shell: PageShell) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        found: Response = await problem(request, error)
        said = _SAID.get(found.status_code)
        if said is None or not _is_for_people(request):
            return found
        return shell.page("refusal.html", {"title": said[0], "told": said[1]}, found.status_code)

    return answer


def _is_for_people(request: Request) -> bool:
    wanted = "text/html" in request.headers.get("accept", "")
    return wanted and request.method in ("GET", "HEAD") and not request.url.path.startswith(_OF_PROGRAMS)
