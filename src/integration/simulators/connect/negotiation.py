"""What every export view checks before anything else: format and version of the answer, the caller, the method."""

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from integration.simulators.connect.accounts import User, Users
from integration.simulators.connect.oauth_api import bearer_of
from integration.simulators.connect.tokens import TokenStore

VERSIONS = ("1.0", "2.0")
_RENDERED = ("application/json", "text/html")

View = Callable[[Request, User, str], Awaitable[Response]]
"""Answers a request of somebody in a version."""


class Front:
    """Puts the checks in front of views, in the order of the real server."""

    def __init__(self, users: Users, tokens: TokenStore) -> None:
        self._users = users
        self._tokens = tokens

    def guarding(self, views: dict[str, View]) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint for views by method."""

        async def endpoint(request: Request) -> Response:
            version = version_of(request.headers.get("accept", "*/*"))
            user = self._caller(request)
            method = "GET" if request.method == "HEAD" else request.method
            if method not in views:
                raise HTTPException(405, headers={"allow": ", ".join(views)})
            return await views[method](request, user, version)

        return endpoint

    def _caller(self, request: Request) -> User:
        value = bearer_of(request)
        token = self._tokens.who(value) if value is not None else None
        if token is None:
            detail = "Authentication credentials were not provided."
            raise HTTPException(401, detail, {"www-authenticate": 'Bearer realm="api"'})
        user = self._users.find(token.username)
        if user is None or "export" not in token.scope.split():
            raise HTTPException(403, "You do not have permission to perform this action.")
        return user


def version_of(accept: str) -> str:
    """Return the version that an ``Accept`` header selects; refuse what cannot be answered."""
    for one in accept.split(","):
        media, *parameters = (part.strip() for part in one.split(";"))
        if not _is_rendered(media.lower()):
            continue
        named = dict(part.split("=", 1) for part in parameters if "=" in part)
        version = named.get("version", VERSIONS[0])
        if version not in VERSIONS:
            raise HTTPException(406, 'Invalid version in "Accept" header.')
        return version
    raise HTTPException(406, "Could not satisfy the request Accept header.")


def _is_rendered(media: str) -> bool:
    kind, _, subtype = media.partition("/")
    return media == "*/*" or any(
        media == rendered or (subtype == "*" and rendered.startswith(f"{kind}/")) for rendered in _RENDERED
    )
