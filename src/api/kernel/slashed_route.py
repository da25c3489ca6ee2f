"""Routes whose parameters may hold a slash, as ``26/00123`` does: written ``%2F`` it is part of an id."""

from urllib.parse import unquote

from starlette.routing import Match
from starlette.types import Scope

from api.kernel.guarded_route import GuardedRoute

_SLASH = "\udc2f"
"""Stands for a slash inside a segment while routes are told apart; what was decoded from UTF-8 never holds it."""


class SlashedRoute(GuardedRoute):
    """Goes by the path as it was sent, where a server's own decoding makes ``%2F`` the end of a segment."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        raw: bytes = scope.get("raw_path") or b""
        if b"%2f" not in raw.lower():
            return super().matches(scope)
        path = "/".join(unquote(one).replace("/", _SLASH) for one in raw.decode("latin-1").split("/"))
        match, matched = super().matches({**scope, "path": path})
        if match is not Match.NONE:
            given = matched["path_params"]
            matched["path_params"] = {name: value.replace(_SLASH, "/") for name, value in given.items()}
        return match, matched
