"""Logging in with a token: what the dashboard does for whoever has no Connect to log in at."""

from datetime import UTC, datetime
from typing import Annotated

from classy_fastapi import post
from fastapi import Request, Response
from neuroglia.mediation.mediator import Mediator
from pydantic import ConfigDict, Field

from api.access.login_controller import SESSION_SECONDS
from api.kernel.authentication import Authenticator
from api.kernel.authorization import public
from api.kernel.controller import LabkeeperController, data_of
from api.kernel.cookies import Cookies
from api.kernel.presented import Presented
from api.kernel.strict_body import StrictBody
from application.access.installation import AccessInstallation
from application.access.open_token_session import OpenTokenSessionCommand

_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


class TokenBody(StrictBody):
    """A bearer token of this installation."""

    token: Annotated[str, Field(min_length=1, max_length=8192, repr=False)]

    model_config = ConfigDict(json_schema_extra={"examples": [{"token": "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"}]})


class TokenSessionsController(LabkeeperController):
    """Sessions of browsers whose people bring a token."""

    route_prefix = "/auth"
    versioned = False
    tag = "Login"

    def __init__(self, mediator: Mediator, authenticator: Authenticator, installation: AccessInstallation) -> None:
        self._authenticator = authenticator
        self._installation = installation
        super().__init__(mediator)

    @public
    @post("/session", status_code=204)
    async def open_session(self, request: Request, body: TokenBody) -> Response:
        """Log a browser in with a token. The session may do what the token may, and ends with it at the latest."""
        presented = Presented.by(request.scope)
        principal = await self._authenticator.holder_of_async(body.token.strip(), presented)
        assert principal.role is not None
        cookies = Cookies.over(request.scope["scheme"], self._installation.public_url)
        command = OpenTokenSessionCommand(
            username=principal.subject,
            role=principal.role.value,
            ends_at=datetime.fromtimestamp(min(principal.expires_at, _LATEST), UTC),
            session=presented.cookie(cookies.session),
        )
        result = await self.mediator.execute_async(command)
        if not result.is_success:
            return self.process(result)
        answer = Response(status_code=204, headers=_PRIVATE)
        cookies.put(answer, cookies.session, data_of(result), SESSION_SECONDS)
        return answer
