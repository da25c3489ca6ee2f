"""Take back a browser that comes from Connect."""

from dataclasses import dataclass, field

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.access.connect_logins import (
    NEEDED_SCOPE,
    ConnectLogins,
    Grants,
    LoginRefusedError,
    PendingLogins,
    Sessions,
)
from application.kernel.refusals import Refusal


@dataclass(frozen=True, slots=True)
class LoginFinished:
    """``secret`` is what the browser holds from now on, ``next`` the local path to send it to."""

    secret: str = field(repr=False)
    next: str


@dataclass(frozen=True, kw_only=True)
class FinishLoginCommand(Command[OperationResult[LoginFinished]]):
    """Exchange the code for tokens and open a session.

    ``browser`` is the secret that the browser was given at the beginning. ``session`` is that of the session that it
    holds already, if any: it ends, and nothing of it goes on, so that nobody can be made to use a session that
    somebody else knows.
    """

    state: str | None = field(repr=False)
    code: str | None = field(repr=False)
    error: str | None = None
    browser: str | None = field(repr=False)
    session: str | None = field(repr=False)


class FinishLoginCommandHandler(CommandHandler[FinishLoginCommand, OperationResult[LoginFinished]]):
    def __init__(self, logins: ConnectLogins, pending: PendingLogins, sessions: Sessions, grants: Grants) -> None:
        self._logins = logins
        self._pending = pending
        self._sessions = sessions
        self._grants = grants

    async def handle_async(self, request: FinishLoginCommand) -> OperationResult[LoginFinished]:
        login = None
        if request.state and request.browser:
            login = await self._pending.take_async(request.state, request.browser)
        if login is None:
            return _failed("this login was not begun by this browser, was finished already, or took too long")
        if request.error is not None or not request.code:
            return _failed("Connect did not let you in" if request.error else "no code came back from Connect")
        try:
            grant = await self._logins.exchange_async(request.code, login)
        except LoginRefusedError as error:
            return _failed(str(error))
        facts = await self._logins.introspect_async(grant.access_token)
        if facts is None:
            return _failed("Connect does not say whose token it gave")
        if NEEDED_SCOPE not in facts.scopes:
            return _failed(f"Connect did not give the scope {NEEDED_SCOPE}")
        person = await self._logins.person_async(facts.username, grant.access_token)
        await self._grants.keep_async(facts.username, grant)
        if request.session:
            await self._sessions.end_by_secret_async(request.session)
        return self.ok(LoginFinished(await self._sessions.open_async(person), login.next))


def _failed(why: str) -> Refusal:
    return Refusal(400, "login-failed", "Login failed", f"{why}; start again at /auth/login")
