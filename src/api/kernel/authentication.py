"""Who is asking: whatever a request presents is tried in the ways that there are, each of which knows its own kind."""

import asyncio
from collections.abc import Coroutine
from http import HTTPStatus
from typing import Any

from api.kernel.authorization import Access, Role
from api.kernel.cookies import Cookies
from api.kernel.jwt_tokens import JwtTokens
from api.kernel.origins import comes_from_elsewhere
from api.kernel.presented import Presented
from api.kernel.principal import InvalidTokenError, Principal
from api.kernel.problems import CHALLENGE, RefusedError
from application.kernel.refusals import Refusal
from application.kernel.sign_in import Admission, BrowserSessions, ForeignTokens, SignedIn

_LONGEST_SECRET = 256


class Authenticator:
    """Knows people by a token of ours, by a token of another system, or by the session of their browser.

    An Authorization header decides alone: a cookie next to it is not looked at.

    Args:
        tokens: verifies signed tokens.
        foreign: tokens of the system of record; None when none are taken.
        sessions: None when nobody logs in by browser.
        public_url: where this installation is known; empty if that is not said.
        admission: who is let in no more, whatever they present; None where that is not ours to say.
    """

    def __init__(
        self,
        tokens: JwtTokens,
        foreign: ForeignTokens | None = None,
        sessions: BrowserSessions | None = None,
        public_url: str = "",
        admission: Admission | None = None,
    ) -> None:
        self._tokens = tokens
        self._foreign = foreign
        self._sessions = sessions
        self._public_url = public_url
        self._admission = admission

    async def admit_async(self, presented: Presented, access: Access) -> Principal | None:
        """Return who asks; None on a public route.

        Raises:
            RefusedError: 401 without a valid token or session, or for somebody who is let in no more; 403 when its
                role is not enough, or when another site's page set the request in motion.
            UnavailableError: whoever could tell does not answer.
        """
        if access.role is None:
            return None
        principal = await self._principal_async(presented)
        if self._admission is not None:
            objection = await self._admission.objection_async(principal.subject)
            if objection is not None and principal.by_cookie:
                raise RefusedError(_refusal(401, "unauthenticated", f"the session {objection}"))
            if objection is not None:
                raise _invalid(objection)
        if principal.by_cookie and comes_from_elsewhere(presented, self._public_url):
            raise RefusedError(_refusal(403, "foreign-origin", "the request was set in motion by another site's page"))
        if principal.signed_in is not None and not principal.signed_in.may_use_data:
            raise RefusedError(_refusal(403, "forbidden", "the token lacks the scope export"))
        if principal.role is None:
            raise RefusedError(_refusal(403, "forbidden", "the token names no role that is known here"))
        if not principal.role.includes(access.role):
            raise RefusedError(_refusal(403, "forbidden", f"this needs the role {access.role.value}"))
        return principal

    async def holder_of_async(self, token: str, asking: Presented) -> Principal:
        """Return who may open a session with a token of ours.

        Args:
            asking: the request that brings it: one that another site's page set in motion opens no session.

        Raises:
            RefusedError: 401 when the token is not good, or not ours; 403 as for any request.
            UnavailableError: whoever could tell does not answer.
        """
        if comes_from_elsewhere(asking, self._public_url):
            raise RefusedError(_refusal(403, "foreign-origin", "the request was set in motion by another site's page"))
        if self._tokens.is_foreign(token):
            raise _invalid("is none of this installation")
        bearer = Presented(f"Bearer {token}", has_authorization=True, cookies=(), unsafe=False)
        principal = await self.admit_async(bearer, Access(Role.USER))
        assert principal is not None
        return principal

    async def wait_until_shut_out_async(self, principal: Principal) -> None:
        """Return once somebody who was let in is let in no more: shut out, logged out, or their token has expired.

        Raises:
            UnavailableError: whoever could tell does not answer.
        """
        waits: list[Coroutine[Any, Any, None]] = [asyncio.sleep(self._tokens.seconds_left(principal))]
        if self._admission is not None:
            waits.append(self._admission.wait_for_objection_async(principal.subject))
        session = principal.signed_in.session_key if principal.signed_in is not None else None
        if self._sessions is not None and session is not None:
            waits.append(self._sessions.wait_until_ended_async(session))
        tasks = [asyncio.create_task(wait) for wait in waits]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _principal_async(self, presented: Presented) -> Principal:
        if presented.has_authorization:
            return await self._by_bearer_async(presented)
        cookies = Cookies.over(presented.scheme, self._public_url)
        secret = None if self._sessions is None else presented.cookie(cookies.session)
        if self._sessions is not None and secret and len(secret) <= _LONGEST_SECRET:
            holder = await self._sessions.holder_async(secret)
            if holder is not None:
                return _of(holder, by_cookie=True)
            raise RefusedError(_refusal(401, "unauthenticated", "the session has ended; log in again"))
        raise RefusedError(_refusal(401, "unauthenticated", "a bearer token is required"))

    async def _by_bearer_async(self, presented: Presented) -> Principal:
        scheme, _, token = (presented.authorization or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise RefusedError(_refusal(401, "unauthenticated", "the Authorization header must be: Bearer <token>"))
        try:
            if self._foreign is None or not self._tokens.is_foreign(token):
                return await self._tokens.authenticate_async(token)
            holder = await self._foreign.holder_async(token, reading=not presented.unsafe)
        except InvalidTokenError as error:
            raise _invalid(str(error)) from None
        if holder is None:
            raise _invalid("is not valid")
        return _of(holder, by_cookie=False)


def _of(holder: SignedIn, *, by_cookie: bool) -> Principal:
    """Whoever another system vouches for may do what users may; a session opened by a token, what the token lets."""
    role = Role.USER if holder.role is None else Role(holder.role)
    return Principal(holder.username, role, 0.0, holder.expires_at, holder, by_cookie)


def _invalid(why: str) -> RefusedError:
    challenge = {"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"'}
    return RefusedError(_refusal(401, "invalid-token", f"the token {why}"), challenge)


def _refusal(status: int, name: str, detail: str) -> Refusal:
    return Refusal(status, name, HTTPStatus(status).phrase, detail)
