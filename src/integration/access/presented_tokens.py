"""Connect's bearer tokens for work that goes on after the request that brought them."""

from datetime import UTC, datetime

from application.access.connect_logins import Grant
from application.contracts.presented_logins import Listener, PresentedLogins
from application.kernel.sign_in import SignedIn
from domain.kernel.clock import Clock
from integration.access.connect_bearer_tokens import ConnectBearerTokens
from integration.access.connect_tokens import ConnectTokens


class PresentedTokens(PresentedLogins):
    """Keeps a token as a grant without a refresh token; ``bearers`` is None where none are taken."""

    def __init__(self, bearers: ConnectBearerTokens | None, tokens: ConnectTokens, clock: Clock) -> None:
        self._bearers = bearers
        self._tokens = tokens
        self._clock = clock

    def listen(self, listener: Listener) -> None:
        if self._bearers is not None:
            self._bearers.listen(listener)

    async def keep_async(self, login: SignedIn) -> None:
        if login.upstream_token is None:
            return
        expires_at = datetime.fromtimestamp(login.expires_at, UTC)
        left = (expires_at - self._clock.now()).total_seconds()
        if left > 0:
            grant = Grant(login.upstream_token, None, expires_at, left)
            await self._tokens.keep_presented_async(login.username, grant)
