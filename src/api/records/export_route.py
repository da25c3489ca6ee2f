"""Routes in the manner of the system of record: its refusals are bare, and it looks at ``Accept`` first."""

from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from starlette.types import Scope

from api.kernel.guarded_route import GuardedRoute
from api.kernel.problems import RefusedError, problem_response
from api.records.answers import encoded
from application.kernel.refusals import Refusal, unavailable
from domain.kernel.errors import UnavailableError

_RENDERED = frozenset({"application/json", "text/html", "application/*", "text/*", "*/*"})
_VERSIONS = frozenset({"1.0", "2.0"})
_KEPT_HEADERS = ("retry-after", "www-authenticate")


class ExportRoute(GuardedRoute):
    """Answers refusals as ``{"detail": …}``, also those that come before the endpoint."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        guarded = super().get_route_handler()

        async def answer(request: Request) -> Response:
            refused = _not_acceptable(request.headers.get("accept", "*/*"))
            if refused is not None:
                return bare(refused)
            try:
                return await guarded(request)
            except RefusedError as error:
                return bare(error.refusal, error.headers)
            except UnavailableError as error:
                return bare(unavailable(str(error), error.retry_after_seconds))

        return answer

    def takes(self, scope: Scope) -> bool:
        accept = next((value for name, value in scope["headers"] if name == b"accept"), b"*/*")
        return _not_acceptable(accept.decode("latin-1")) is None


def bare(refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
    """Return a refusal with its detail alone; whatever is not theirs is just not found."""
    status = 400 if refusal.status == HTTPStatus.UNPROCESSABLE_ENTITY else refusal.status
    detail = "Not found." if status == HTTPStatus.NOT_FOUND else refusal.detail
    told = problem_response(refusal, headers).headers
    kept = {name: told[name] for name in _KEPT_HEADERS if name in told}
    return Response(encoded({"detail": detail}), status, kept, "application/json")


def _not_acceptable(accept: str) -> Refusal | None:
    for one in accept.split(","):
        media, *parameters = (part.strip() for part in one.split(";"))
        if media.lower() not in _RENDERED:
            continue
        versions = [part.partition("=")[2].strip(' "') for part in parameters if part.startswith("version=")]
        if all(version in _VERSIONS for version in versions):
            return None
        return Refusal(406, "not-acceptable", "Not acceptable", 'Invalid version in "Accept" header.')
    return Refusal(406, "not-acceptable", "Not acceptable", "Could not satisfy the request Accept header.")
