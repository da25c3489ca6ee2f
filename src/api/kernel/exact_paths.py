"""Finding the route of a path without parameters at once, where the router would ask one route after another."""

from fastapi import APIRouter
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

_Found = tuple[BaseRoute, Scope]


class ExactPaths:
    """Goes by what the router itself decided about the same method and path, and leaves all others to it.

    Only paths that are those of a route as they stand are kept, so that nobody can make it keep more.

    Args:
        router: with all of its routes.
    """

    def __init__(self, router: APIRouter) -> None:
        self._router = router
        self._found: dict[tuple[str, str], _Found] = {}
        for route in router.routes:
            if isinstance(route, Route) and "{" not in route.path:
                for method in route.methods or ():
                    found = self._first(method, route.path)
                    if found is not None:
                        self._found[method, route.path] = found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope.get("root_path"):
            found = self._found.get((scope["method"], scope["path"]))
            if found is not None:
                route, matched = found
                scope["router"] = self._router
                scope.update(matched)
                scope["path_params"] = {}
                await route.handle(scope, receive, send)
                return
        await self._router.app(scope, receive, send)

    def _first(self, method: str, path: str) -> _Found | None:
        for route in self._router.routes:
            match, matched = route.matches({"type": "http", "method": method, "path": path, "path_params": {}})
            if match == Match.FULL:
                return None if matched.get("path_params") else (route, dict(matched))
        return None
