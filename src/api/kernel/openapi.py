"""The API's own description: one problem schema for every error, and who may use what."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api.kernel.authorization import access_of
from api.kernel.idempotency import METHODS

_PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "An error, as in RFC 9457. Further members depend on the type.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "retry_after_seconds": {"type": "number"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "rule"],
                "properties": {"field": {"type": "string"}, "rule": {"type": "string"}},
            },
        },
    },
    "example": {
        "type": "https://labkeeper.dev/problems/not-found",
        "title": "Not found",
        "status": 404,
        "detail": "there is no lab record 4f1c",
        "instance": "/api/v1/labs/4f1c",
    },
}
_IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A request sent again under the same key gets the first answer again, for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
}


_IF_MATCH: dict[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` of the version that is meant; 412 when it has changed. Where versions exist.",
    "schema": {"type": "string", "pattern": '^"[0-9]{1,15}"$'},
}


def install_openapi(app: FastAPI) -> None:
    """Make the application describe itself, once."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app)
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]  # the way FastAPI documents for extending the schema


def _describe(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                _complete(document["paths"][route.path_format][method.lower()], route, method)
    return document


def _complete(operation: dict[str, Any], route: APIRoute, method: str) -> None:
    responses: dict[str, Any] = operation.setdefault("responses", {})
    responses.pop("422", None)
    for status, why in (("4XX", "The request is refused."), ("5XX", "It could not be done right now.")):
        content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        responses.setdefault(status, {"description": why, "content": content})
    access = access_of(route.endpoint)
    if access is not None and access.role is not None:
        operation["security"] = [{"bearer": []}]
        operation["x-required-role"] = access.role.value
    if method in ("PATCH", "DELETE") and "{" in route.path_format:
        operation.setdefault("parameters", []).append(_IF_MATCH)
    if method in METHODS:
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
