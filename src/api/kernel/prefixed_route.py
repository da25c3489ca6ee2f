"""Routes that are told from most others by how their paths begin."""

from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope


class PrefixedRoute(APIRoute):
    """Every request asks one route after another: what cannot match says so at once, and the rest is matched as ever.

    Its path is whole, so it is added to the application's own router.
    """

    _prefix: str | None = None

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if self._prefix is None:
            self._prefix = self.path.partition("{")[0]
        if not scope["path"].startswith(self._prefix) and not scope.get("root_path"):
            return Match.NONE, {}
        return super().matches(scope)
