"""Headers as the API's description tells them: each endpoint declares which it understands and which it sends."""

from collections.abc import Callable
from typing import Any, TypeVar

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_UNDERSTOOD = "__labkeeper_understood_headers__"
_SENT = "__labkeeper_sent_headers__"
_TAGS = '(W/)?"[\\x21\\x23-\\x7e]{0,100}"'
_POSITION = "[a-z]{1,32}:[0-9]{1,15}"


def _text(description: str, **schema: Any) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string", **schema}}


def _seconds(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "integer", "minimum": 0}}


REQUEST_HEADERS: dict[str, dict[str, Any]] = {
    "If-Match": _text("The `ETag` of the version that is meant; 412 when it has changed.", pattern='^"[0-9]{1,15}"$'),
    "If-None-Match": _text(
        "`ETag`s of answers that the client has: 304 without a body if one of them is still right.",
        pattern=f"^{_TAGS}(, {_TAGS}){{0,9}}$",
    ),
    "X-Position": _text(
        "What an earlier answer said in `X-Position`: this one waits until it includes that write, 503 if it takes "
        "longer than five seconds.",
        pattern=f"^{_POSITION}(, ?{_POSITION}){{0,15}}$",
        examples=["labs:1"],
    ),
    "Idempotency-Key": _text(
        "A request sent again under the same key gets the first answer again, for 24 hours.",
        minLength=1,
        maxLength=255,
        pattern="^[\\x21-\\x7e]+$",
    ),
}

ANSWER_HEADERS: dict[str, dict[str, Any]] = {
    "ETag": _text("Version of the answer, for `If-None-Match` or, where a change understands it, `If-Match`."),
    "Age": _seconds("Seconds since the other system last said so; absent when it never did, or was not asked."),
    "Last-Modified": _text("Time of the worker's last successful sync; absent before the first."),
    "Labkeeper-Stale-Since": _text("Since when the other system cannot be asked; absent while it can."),
    "Labkeeper-Lag": {
        "description": "Commits of the log that are not in the answer yet; 0 when it is up to date.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Warning": _text("`110`: the answer is older than it should be, because the other system cannot be asked."),
    "Location": _text("Path of what was created, or of the run that was started.", format="uri-reference"),
    "X-Position": _text("Up to where this request wrote; sent with a question, its answer includes that."),
    "Preference-Applied": _text("The preference of the request that was followed."),
    "Idempotent-Replayed": _text("`true`: this is the first answer to the same `Idempotency-Key`.", enum=["true"]),
    "Retry-After": _seconds("When trying again is worth it, in seconds; where that helps at all."),
    "WWW-Authenticate": _text("With 401: that a bearer token is asked for, and what was wrong with the one given."),
}


def understands(*names: str) -> Callable[[Endpoint], Endpoint]:
    """Declare which of :data:`REQUEST_HEADERS` an endpoint heeds."""
    return _declaring(_UNDERSTOOD, {name: REQUEST_HEADERS[name] for name in names})


def sends(status: int, *names: str) -> Callable[[Endpoint], Endpoint]:
    """Declare which of :data:`ANSWER_HEADERS` an endpoint's answers of a status may carry."""
    return _declaring(_SENT, {str(status): [name for name in names if ANSWER_HEADERS[name]]})


def _declaring(mark: str, declared: dict[str, Any]) -> Callable[[Endpoint], Endpoint]:
    def declare(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, mark, {**getattr(endpoint, mark, {}), **declared})
        return endpoint

    return declare


def describe_headers(operation: dict[str, Any], endpoint: Callable[..., Any], *, repeatable: bool) -> None:
    """Complete an operation of an OpenAPI document; ``repeatable``: whether it heeds ``Idempotency-Key``."""
    understood = [*getattr(endpoint, _UNDERSTOOD, {}), *(["Idempotency-Key"] if repeatable else [])]
    if understood:
        parameters = [{"name": name, "in": "header", "required": False, **REQUEST_HEADERS[name]} for name in understood]
        operation.setdefault("parameters", []).extend(parameters)
    sent: dict[str, list[str]] = getattr(endpoint, _SENT, {})
    responses: dict[str, Any] = operation["responses"]
    if "If-None-Match" in understood:
        responses["304"] = {"description": "Nothing has changed."}
        sent = {**sent, "304": sent["200"]}
    writes = any("X-Position" in names for names in sent.values())
    for status, response in responses.items():
        names = list(sent.get(status, ()))
        if status in ("4XX", "5XX"):
            names += ["Retry-After", *(["WWW-Authenticate"] if status == "4XX" else [])]
            names += ["X-Position"] if writes else []
        if repeatable:
            names.append("Idempotent-Replayed")
        if names:
            response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
