"""A route that gives a page: a browser whose person is not logged in is sent to where that can be done."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from api.kernel.guarded_route import GuardedRoute
from api.kernel.problems import RefusedError

LOGIN = "/login"


class PageRoute(GuardedRoute):
    """Answers a browser with 303 where a program gets 401."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        guarded = super().get_route_handler()

        async def page_or_login(request: Request) -> Response:
            try:
                return await guarded(request)
            except RefusedError as error:
                if error.status_code != 401 or "text/html" not in request.headers.get("accept", ""):
                    raise
                query = request.url.query
                there = request.url.path + (f"?{query}" if query else "")
                return RedirectResponse(f"{LOGIN}?{urlencode({'next': there})}", 303, {"Cache-Control": "no-store"})

        return page_or_login
