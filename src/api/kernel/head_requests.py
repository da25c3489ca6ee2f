"""HEAD wherever there is GET (RFC 9110 section 9.3.2): the same answer, without its content."""

from fastapi import APIRouter
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_IS_HEAD = "labkeeper.head"
_SET_BY_ROUTES = ("route", "endpoint", "path_params")


def is_head(scope: Scope) -> bool:
    """Tell whether what is answered as GET was asked with HEAD."""
    return _IS_HEAD in scope


class HeadRequests:
    """Answers HEAD as GET, except where a route takes HEAD itself.

    Args:
        app: finds the route.
        router: has the routes.
    """

    def __init__(self, app: ASGIApp, router: APIRouter) -> None:
        self._app = app
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD" or self._is_taken(scope):
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        # The server goes by its own scope when it leaves out the content; it must go on saying HEAD.
        asked = {**scope, "method": "GET", _IS_HEAD: True}
        try:
            await self._app(asked, receive, send_head)
        finally:
            scope.update({name: asked[name] for name in _SET_BY_ROUTES if name in asked})

    def _is_taken(self, scope: Scope) -> bool:
        return any(route.matches(scope)[0] is Match.FULL for route in self._router.routes)
