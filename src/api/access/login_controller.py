"""Logging in at Connect and out again, and who is asking."""

import re
from dataclasses import replace
from typing import Annotated, Any

from classy_fastapi import get, post, put
from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse
from neuroglia.mediation.mediator import Mediator

from api.access.login_schemas import ContextAnswer, ContextBody, MeAnswer
from api.access.shaped_answers import ShapedAnswersController
from api.kernel.authorization import Role, public, requires
from api.kernel.context_parameters import OpportunityParameter, OrganizationParameter, ProgramParameter
from api.kernel.controller import data_of
from api.kernel.cookies import Cookies
from api.kernel.guarded_route import principal_of
from api.kernel.presented import Presented
from api.kernel.problems import RefusedError
from application.access.choose_context import ChooseContextCommand
from application.access.finish_login import FinishLoginCommand
from application.access.get_me import GetMeQuery
from application.access.installation import AccessInstallation
from application.access.log_out import LogOutCommand
from application.access.start_login import StartLoginCommand
from application.contracts.labs_context import AskedContext
from application.kernel.refusals import Refusal

CALLBACK = "/auth/callback"
LOGIN_SECONDS = 600
SESSION_SECONDS = 14 * 86_400
_HOST = re.compile(r"[A-Za-z0-9._-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_REDIRECT: dict[int | str, dict[str, Any]] = {303: {"description": "The browser is sent on."}}

Next = Annotated[str | None, Query(max_length=2000, description="Local path to go to after the login.")]
FromConnect = Annotated[str | None, Query(max_length=4000, description="Set by Connect.")]


class LoginController(ShapedAnswersController):
    """Logging in with a browser, by OAuth 2 authorization code with PKCE. Programs use bearer tokens instead."""

    route_prefix = "/auth"
    versioned = False
    tag = "Login"

    def __init__(self, mediator: Mediator, installation: AccessInstallation) -> None:
        self._installation = installation
        super().__init__(mediator)

    @public
    @get("/login", status_code=303, response_class=RedirectResponse, responses=_REDIRECT)
    async def login(self, request: Request, next: Next = None) -> Response:  # noqa: A002  # the parameter's name
        """Send a browser to Connect to log in. Answers 409 `no-login` where there is no Connect."""
        self._refuse_without_connect()
        command = StartLoginCommand(next=next, redirect_uri=self._base_url(request) + CALLBACK)
        result = await self.mediator.execute_async(command)
        if not result.is_success:
            return self.process(result)
        started = data_of(result)
        answer = RedirectResponse(started.url, 303, _PRIVATE)
        cookies = self._cookies(request)
        cookies.put(answer, cookies.login, started.browser, LOGIN_SECONDS)
        return answer

    @public
    @get("/callback", status_code=303, response_class=RedirectResponse, responses=_REDIRECT)
    async def callback(
        self,
        request: Request,
        state: FromConnect = None,
        code: FromConnect = None,
        error: FromConnect = None,
        error_description: FromConnect = None,  # noqa: ARG002  # may come, and is nothing that we would show
        error_uri: FromConnect = None,  # noqa: ARG002
        iss: FromConnect = None,  # noqa: ARG002
        scope: FromConnect = None,  # noqa: ARG002
        session_state: FromConnect = None,  # noqa: ARG002
    ) -> Response:
        """Take back a browser that Connect sends, open a session, and send it to where it wanted to go."""
        self._refuse_without_connect()
        presented, cookies = Presented.by(request.scope), self._cookies(request)
        command = FinishLoginCommand(
            state=state,
            code=code,
            error=error,
            browser=presented.cookie(cookies.login),
            session=presented.cookie(cookies.session),
        )
        result = await self.mediator.execute_async(command)
        if not result.is_success:
            return self.process(result, _PRIVATE)
        finished = data_of(result)
        answer = RedirectResponse(finished.next, 303, _PRIVATE)
        cookies.drop(answer, cookies.login)
        cookies.put(answer, cookies.session, finished.secret, SESSION_SECONDS)
        return answer

    @requires(Role.USER)
    @post("/logout", status_code=204)
    async def logout(self, request: Request) -> Response:
        """End the session. With a bearer token there is none, and nothing happens."""
        answer = self.process(await self.mediator.execute_async(LogOutCommand()), _PRIVATE)
        cookies = self._cookies(request)
        cookies.drop(answer, cookies.session)
        return answer

    @requires(Role.USER)
    @get("/me", response_model=MeAnswer)
    async def me(
        self,
        request: Request,
        opportunity_id: OpportunityParameter = None,
        program_id: ProgramParameter = None,
        organization_id: OrganizationParameter = None,
    ) -> Response:
        """Tell who is asking, what they belong to, and where they work."""
        asked = AskedContext.of(opportunity_id, program_id, organization_id)
        result = await self.mediator.execute_async(GetMeQuery(asked=asked))
        if not result.is_success:
            return self.process(result)
        principal = principal_of(request)
        role = principal.role.value if principal is not None and principal.role is not None else ""
        shown = vars(data_of(result)) | {"role": role}
        return self.answer(200, MeAnswer.model_validate(shown), {"Cache-Control": "no-store"})

    @requires(Role.USER)
    @put("/context", response_model=ContextAnswer)
    async def choose_context(self, body: ContextBody) -> Response:
        """Keep a labs context in the session; requests that name one themselves are not held to it."""
        given = body.organization_id
        asked = AskedContext.of(body.opportunity_id, body.program_id, given if isinstance(given, str) else None)
        if isinstance(given, int):
            asked = replace(asked, organization=given)
        return self.shaped(await self.mediator.execute_async(ChooseContextCommand(asked=asked)), ContextAnswer)

    def _refuse_without_connect(self) -> None:
        if not self._installation.can_log_in:
            detail = "there is no Connect to log in at; use a bearer token"
            raise RefusedError(Refusal(409, "no-login", "No login", detail))

    def _cookies(self, request: Request) -> Cookies:
        return Cookies.over(request.scope["scheme"], self._installation.public_url)

    def _base_url(self, request: Request) -> str:
        """Return where this installation is known; without a setting, where the request went to."""
        if self._installation.public_url:
            return self._installation.public_url.rstrip("/")
        host = request.headers.get("host", "")
        if not _HOST.fullmatch(host):
            raise RefusedError(Refusal(400, "malformed-header", "Malformed header", "Host must be host[:port]"))
        return f"{request.scope['scheme']}://{host}"
