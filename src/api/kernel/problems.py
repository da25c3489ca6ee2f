"""Every error answer as a problem document (RFC 9457), and nothing of the inside in any of them."""

import logging
import math
import re
import sys
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from neuroglia.core import OperationResult
from starlette.exceptions import HTTPException as StarletteHTTPException

from application.kernel.refusals import PROBLEM_TYPES, Refusal, RefusalError, login_needed, refusal_of, unavailable
from domain.kernel.errors import DomainError, NoUpstreamTokenError, UnavailableError, UndecodableEventError

MEDIA_TYPE = "application/problem+json"
CHALLENGE = 'Bearer realm="labkeeper"'
log = logging.getLogger("labkeeper.http")

_TITLES = {400: "Bad request", 401: "Unauthenticated", 403: "Forbidden", 404: "Not found", 405: "Method not allowed"}
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_LONGEST_TEXT = 2000
_MOST_FAULTS = 50
_FAULTS_IN_DETAIL = 3
PLUS_IN_ADDRESSES = "in an address + is written %2B"

requested_path: ContextVar[str] = ContextVar("labkeeper_requested_path", default="")
"""Path of the request under way; set by the outermost middleware."""


class RefusedError(HTTPException, RefusalError):
    """Ends a request with a refusal, from where no result can be returned."""

    def __init__(self, refusal: Refusal, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(refusal.status, refusal.detail, dict(headers or {}))
        self.refusal = refusal


def printable(text: str) -> str:
    """Return text without control characters and lone surrogates, cut to a bearable length."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text[:_LONGEST_TEXT])


def standard_problem(status: int, detail: str | None = None) -> Refusal:
    """Return the problem of a status that has no type of its own; without a detail its title says it all."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Error"
    title = _TITLES.get(status, phrase.capitalize())
    return Refusal(status, title.lower().replace(" ", "-"), title, detail or title)


def problem_of(result: OperationResult[Any]) -> Refusal:
    """Return a failed result as a refusal: neuroglia's own helpers give no stable type."""
    return result if isinstance(result, Refusal) else standard_problem(result.status, result.detail)


def problem_response(result: OperationResult[Any], headers: Mapping[str, str] | None = None) -> Response:
    """Return the problem document of a failed result; ``instance`` is the path of the request under way.

    Args:
        headers: additional ones; ``Retry-After`` and ``WWW-Authenticate`` are set where they belong.
    """
    refusal = problem_of(result)
    document: dict[str, Any] = dict(refusal.members)
    document.update(
        type=refusal.type or PROBLEM_TYPES + "error",
        title=refusal.title,
        status=refusal.status,
        detail=printable(refusal.detail or refusal.title),
    )
    instance = requested_path.get()
    if instance:
        document["instance"] = printable(instance)
    all_headers = dict(headers or {})
    if refusal.retry_after_seconds is not None:
        document["retry_after_seconds"] = round(refusal.retry_after_seconds, 3)
        all_headers["Retry-After"] = str(max(1, math.ceil(refusal.retry_after_seconds)))
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        all_headers.setdefault("WWW-Authenticate", CHALLENGE)
    return Response(_dump(document), refusal.status, all_headers, MEDIA_TYPE)


def _dump(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def invalid_request(errors: Iterable[Mapping[str, Any]]) -> Refusal:
    """Return the refusal of input that does not fit: field and rule of each fault, never the value itself."""
    faults = list(errors)
    if any(fault["type"] == "json_invalid" for fault in faults):
        return _malformed("must be valid JSON")
    found = [_fault(fault) for fault in faults[:_MOST_FAULTS]]
    detail = "; ".join(f"{entry['field']}: {entry['rule']}" for entry in found[:_FAULTS_IN_DETAIL])
    if len(faults) > _FAULTS_IN_DETAIL:
        detail += f"; and {len(faults) - _FAULTS_IN_DETAIL} more"
    return Refusal(422, "invalid-value", "Invalid value", detail, errors=found)


def _malformed(rule: str) -> Refusal:
    return Refusal(
        400, "malformed-json", "Malformed JSON", f"the body {rule}", errors=[{"field": "body", "rule": rule}]
    )


def _unread(error: StarletteHTTPException) -> Refusal:
    """Return the refusal of what the framework refused; only the cause says why it could not read a body."""
    if isinstance(error.__cause__, RecursionError):
        return Refusal(400, "nested-too-deep", "Nested too deep", "the body is nested too deep to be read")
    if isinstance(error.__cause__, UnicodeDecodeError):
        return _malformed("must be text in UTF-8")
    if isinstance(error.__cause__, ValueError) and "digits" in str(error.__cause__):
        detail = f"the body has a number of more than {sys.get_int_max_str_digits()} digits, too many to be read"
        return Refusal(400, "number-too-long", "Number too long", detail)
    return standard_problem(error.status_code)


def _fault(error: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is wrong, and with which item where the body is a batch."""
    location = (*error["loc"], *error.get("ctx", {}).get("path", ()))
    rule = printable(str(error["msg"])).removeprefix("Value error, ")
    if location[-1:] == ("[key]",):  # what is wrong is the name in an object, not what stands under it
        rule = f"name {_dump_text(str(location[-2]))}: {rule}"
        location = location[:-2]
    elif location[0] == "query" and "datetime" in error["type"]:
        rule += f" ({PLUS_IN_ADDRESSES})"
    fault: dict[str, Any] = {"field": _field(location), "rule": rule}
    if len(location) > 2 and location[:2] == ("body", "items") and isinstance(location[2], int):
        return {"index": location[2], **fault}
    return fault


def _dump_text(text: str) -> str:
    return f'"{printable(text)[:100]}"'


def _field(location: Iterable[Any]) -> str:
    parts = [printable(str(part))[:100] for part in location]
    return ".".join(parts[1:] if len(parts) > 1 and parts[0] in ("body", "query", "path", "header") else parts)


def install_problem_handlers(app: FastAPI) -> None:
    """Answer with problem documents whatever goes wrong between the router and a controller.

    What nobody expected is left to the outermost middleware, which answers 500 without a word about it.
    """

    async def on_http_exception(_request: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteHTTPException)
        refusal = error.refusal if isinstance(error, RefusedError) else _unread(error)
        headers = dict(error.headers or {})
        if "GET" in headers.get("Allow", "").split(", "):
            headers["Allow"] += ", HEAD"  # see api.kernel.head_requests
        return problem_response(refusal, headers)

    async def on_invalid_request(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return problem_response(invalid_request(error.errors()))

    async def on_outage(request: Request, error: Exception) -> Response:
        assert isinstance(error, UnavailableError)
        log.warning("%s is refused for now: %s", printable(request.url.path), error)
        return problem_response(unavailable(str(error), error.retry_after_seconds))

    async def on_missing_login(_request: Request, error: Exception) -> Response:
        assert isinstance(error, NoUpstreamTokenError)
        return problem_response(login_needed())

    async def on_domain_error(_request: Request, error: Exception) -> Response:
        assert isinstance(error, DomainError)
        return problem_response(refusal_of(error))

    async def on_unreadable_event(request: Request, error: Exception) -> Response:
        assert isinstance(error, UndecodableEventError)
        log.error("%s needs an event that cannot be read: %s", printable(request.url.path), error)
        where: dict[str, Any] = {"log": error.log, "stream": error.stream, "version": error.version}
        where["event_type"] = error.event_type
        return problem_response(Refusal(500, "unreadable-event", "Unreadable event", str(error), **where))

    app.add_exception_handler(UndecodableEventError, on_unreadable_event)
    app.add_exception_handler(StarletteHTTPException, on_http_exception)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    app.add_exception_handler(UnavailableError, on_outage)
    app.add_exception_handler(NoUpstreamTokenError, on_missing_login)
    app.add_exception_handler(DomainError, on_domain_error)
