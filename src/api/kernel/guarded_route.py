"""A route that lets nobody through unasked: token and role, query string, retries, and only then the endpoint."""

import functools
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from api.kernel.authentication import Authenticator
from api.kernel.authorization import Access, UndeclaredAccessError, access_of
from api.kernel.body_rules import BodyRules
from api.kernel.head_requests import is_head
from api.kernel.idempotency import HEADER, METHODS, IdempotentRequests
from api.kernel.prefixed_route import PrefixedRoute
from api.kernel.presented import Presented
from api.kernel.principal import Principal
from api.kernel.problems import RefusedError
from api.kernel.query_strings import QueryStringRules
from api.kernel.remembered_answers import RememberedAnswers
from api.kernel.server_sent_events import EventStreamResponse
from api.kernel.uploads import does_read_body_itself
from application.kernel.refusals import Refusal, invalid
from application.kernel.request_context import current_request
from domain.kernel.errors import LabkeeperError

_PRINCIPAL = "labkeeper.principal"
_REFUSAL = "labkeeper.refusal"


def principal_of(request: Request) -> Principal | None:
    """Return who asks; None on a public route."""
    found = request.scope.get(_PRINCIPAL)
    return found if isinstance(found, Principal) else None


class GuardedRoute(PrefixedRoute):
    """Every route of a controller is one. Expects ``authenticator`` and ``idempotency`` in the application's state."""

    guarded = True
    _remembered: RememberedAnswers
    _access: Access

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give an answer again right away where that may be; whatever stands against it is for the long way to say."""
        if self._remembered.may_have(scope) and self.takes(scope):
            try:
                await _admitted_async(scope, self._access)
            except (RefusedError, LabkeeperError) as error:
                scope[_REFUSAL] = error
            else:
                answer = await self._remembered.find_async(scope)
                if answer is not None:
                    await answer(scope, receive, send)
                    return
        await super().handle(scope, receive, send)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        access = access_of(self.endpoint)
        if access is None:
            raise UndeclaredAccessError(f"{self.path} does not declare who may use it")
        query_rules = QueryStringRules.of(self.dependant)
        body_rules = BodyRules.of(self)
        self._access = access
        takes_keys = not does_read_body_itself(self.endpoint)
        remembered = self._remembered = RememberedAnswers()

        async def guard(request: Request) -> Response:
            scope = request.scope
            principal = await _admitted_async(scope, access)
            if "\x00" in scope["path"]:
                raise RefusedError(invalid("path", "must not contain a NUL character"))
            query_rules.check(scope["query_string"])
            body_rules.check(request)
            if takes_keys and scope["method"] in METHODS and HEADER in request.headers:
                idempotency: IdempotentRequests | None = scope["app"].state.idempotency
                if idempotency is None:
                    detail = "this installation keeps no answers for Idempotency-Key"
                    raise RefusedError(Refusal(400, "idempotency-unsupported", "Not supported", detail))
                return await idempotency.answer_async(request, principal.subject if principal else "", handle)
            answer = await handle(request)
            if isinstance(answer, EventStreamResponse) and is_head(scope):
                return Response(status_code=answer.status_code, headers=dict(answer.headers))
            if principal is not None and isinstance(answer, EventStreamResponse):
                authenticator: Authenticator = scope["app"].state.authenticator
                answer.end_after(functools.partial(authenticator.wait_until_shut_out_async, principal))
            remembered.keep(request, answer)
            return answer

        return guard

    def takes(self, scope: Scope) -> bool:
        """Tell whether a request may be given an answer again, as far as its headers go."""
        del scope
        return True


async def _admitted_async(scope: Scope, access: Access) -> Principal | None:
    """Return who asks, None on a public route, and let the request act for them. A request is admitted, or not, once.

    Raises:
        As ``Authenticator.admit_async``.
    """
    if _PRINCIPAL in scope:
        known: Principal | None = scope[_PRINCIPAL]
        return known
    refusal: Exception | None = scope.get(_REFUSAL)
    if refusal is not None:
        raise refusal
    authenticator: Authenticator = scope["app"].state.authenticator
    principal = await authenticator.admit_async(Presented.by(scope), access)
    scope[_PRINCIPAL] = principal
    if principal is not None:
        asked = current_request()
        asked.actor, asked.signed_in = principal.subject, principal.signed_in
    return principal
