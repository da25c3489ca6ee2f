"""The API's own description: one problem schema for every error, and who may use what."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api.kernel.authorization import access_of
from api.kernel.described_headers import ANSWER_HEADERS, describe_headers
from api.kernel.idempotency import METHODS
from api.kernel.uploads import does_read_body_itself

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
    components["headers"] = ANSWER_HEADERS
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "A token of ours (JWT), or one of Connect."},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "labkeeper_session",
            "description": "By /auth/login; behind TLS its name is __Host-labkeeper_session.",
        },
    }
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
        operation["security"] = [{"bearer": []}, {"session": []}]
        operation["x-required-role"] = access.role.value
    repeatable = method in METHODS and not does_read_body_itself(route.endpoint)
    describe_headers(operation, route.endpoint, repeatable=repeatable)
