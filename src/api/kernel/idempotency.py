"""``Idempotency-Key``: a request sent again gets the answer that it got the first time."""

import hashlib
import logging
import re
from collections.abc import Awaitable, Callable

from fastapi import Request, Response

from api.kernel.problems import RefusedError
from application.kernel.idempotency import ClaimOutcome, IdempotencyKeys, StoredAnswer
from application.kernel.refusals import Refusal, invalid
from application.kernel.request_context import current_request
from domain.kernel.errors import UnavailableError

HEADER = "idempotency-key"
METHODS = frozenset({"POST", "PATCH", "DELETE"})
log = logging.getLogger("labkeeper.http")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_REPEATED_HEADERS = ("content-type", "location", "etag", "x-position", "retry-after", "preference-applied")
_NOT_KEPT = frozenset({408, 425, 429})
_LARGEST_ANSWER = 1 << 20

Handle = Callable[[Request], Awaitable[Response]]


class IdempotentRequests:
    """Answers a request under its key: with the first answer when there is one, else by handling it."""

    def __init__(self, keys: IdempotencyKeys) -> None:
        self._keys = keys

    async def answer_async(self, request: Request, subject: str, handle: Handle) -> Response:
        """Handle a request that carries a key, or repeat its answer.

        Raises:
            RefusedError: 422 for a malformed key or one used with another body, 409 while the first is under way.
            UnavailableError: the keys cannot be looked up; nothing was done.
        """
        given = request.headers[HEADER]
        if not _KEY.fullmatch(given):
            raise RefusedError(invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters"))
        key = _digest(subject, request.method, request.url.path, given)
        fingerprint = _digest(request.url.query, (await request.body()).hex())
        claim = await self._keys.claim_async(key, fingerprint)
        if claim.outcome is ClaimOutcome.ANSWERED and claim.answer is not None:
            headers = {**claim.answer.headers, "Idempotent-Replayed": "true"}
            return Response(claim.answer.body, claim.answer.status, headers)
        if claim.outcome is ClaimOutcome.OTHER_REQUEST:
            detail = "this Idempotency-Key was used for a request with another body"
            raise RefusedError(Refusal(422, "idempotency-key-reused", "Idempotency key reused", detail))
        if claim.outcome is not ClaimOutcome.CLAIMED:
            detail = "the first request with this Idempotency-Key is still being worked on"
            raise RefusedError(Refusal(409, "still-running", "Still running", detail, retry_after_seconds=1.0))
        current_request().command_id = key[:32]
        current_request().repeatable = True
        return await self._handle_async(key, claim.token, request, handle)

    async def _handle_async(self, key: str, token: str, request: Request, handle: Handle) -> Response:
        answer: StoredAnswer | None = None
        try:
            response = await handle(request)
            answer = _worth_keeping(response)
        finally:
            try:
                if answer is not None:
                    await self._keys.keep_async(key, token, answer)
                else:
                    await self._keys.release_async(key, token)
            except UnavailableError:
                # Done is done: its commits carry the key's command id, so a repeated request doubles nothing.
                log.warning("an answer could not be kept under its idempotency key")
        return response


def _worth_keeping(response: Response) -> StoredAnswer | None:
    """What failed on our side, or is refused only for now, may be tried again under the same key.

    Neither is an answer kept that says ``no-store``: it shows a secret, and the request handled again shows it again.
    """
    body = getattr(response, "body", None)
    if response.status_code >= 500 or response.status_code in _NOT_KEPT:
        return None
    if "no-store" in response.headers.get("cache-control", ""):
        return None
    if not isinstance(body, bytes) or len(body) > _LARGEST_ANSWER:
        return None
    headers = {name: response.headers[name] for name in _REPEATED_HEADERS if name in response.headers}
    return StoredAnswer(response.status_code, headers, body)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
