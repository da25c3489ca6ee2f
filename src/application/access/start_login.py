"""Send a browser to Connect."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from secrets import token_bytes, token_urlsafe

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.access.connect_logins import ConnectLogins, PendingLogin, PendingLogins
from application.access.local_paths import is_local_path
from application.kernel.refusals import invalid

AFTER_LOGIN = "/auth/me"


@dataclass(frozen=True, slots=True)
class LoginStarted:
    """``url`` is where to send the browser to, ``browser`` the secret that it shall hold meanwhile."""

    url: str = field(repr=False)
    browser: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class StartLoginCommand(Command[OperationResult[LoginStarted]]):
    """Begin a login that comes back to ``redirect_uri`` and in the end leads to ``next``, a local path."""

    next: str | None
    redirect_uri: str


class StartLoginCommandHandler(CommandHandler[StartLoginCommand, OperationResult[LoginStarted]]):
    def __init__(self, logins: ConnectLogins, pending: PendingLogins) -> None:
        self._logins = logins
        self._pending = pending

    async def handle_async(self, request: StartLoginCommand) -> OperationResult[LoginStarted]:
        target = request.next or AFTER_LOGIN
        if not is_local_path(target):
            return invalid("next", "must be a path on this host, e.g. /api/v1/docs")
        state, browser = token_urlsafe(32), token_urlsafe(32)
        verifier = urlsafe_b64encode(token_bytes(64)).rstrip(b"=").decode()
        login = PendingLogin(verifier, token_urlsafe(32), request.redirect_uri, target)
        await self._pending.begin_async(state, browser, login)
        return self.ok(LoginStarted(self._logins.authorization_url(state, login), browser))
