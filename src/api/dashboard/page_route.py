"""A route that gives a page: a browser is sent to log in where that is needed, and told when there is no answer."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from starlette.routing import Match
from starlette.types import Scope

from api.dashboard.unavailable_page import unavailable_page
from api.kernel.guarded_route import GuardedRoute
from api.kernel.problems import RefusedError
from domain.kernel.errors import UnavailableError

LOGIN = "/login"


class PageRoute(GuardedRoute):
    """Answers a browser with 303 where a program gets 401, and with a page where it gets 503.

    A slash at the end of an address, which people add, changes nothing.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        path: str = scope["path"]
        is_plain = path == "/" or path.startswith("//")
        return super().matches(scope if is_plain else {**scope, "path": path.removesuffix("/")})

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        guarded = super().get_route_handler()

        async def page_or_login(request: Request) -> Response:
            try:
                return await guarded(request)
            except UnavailableError as error:
                if not _is_browser(request):
                    raise
                return unavailable_page(error)
            except RefusedError as error:
                if error.status_code != 401 or not _is_browser(request):
                    raise
                query = request.url.query
                there = request.url.path + (f"?{query}" if query else "")
                return RedirectResponse(f"{LOGIN}?{urlencode({'next': there})}", 303, {"Cache-Control": "no-store"})

        return page_or_login


def _is_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")
