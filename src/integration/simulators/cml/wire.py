"""How a controller words its answers and reads its requests."""

from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_WRITABLE = {"title": ("lab_title", 64), "description": ("lab_description", 4096), "notes": ("lab_notes", 32768)}


def answer(data: object, status: int = 200) -> Response:
    """Return JSON; bytes are taken as JSON already."""
    body = data if isinstance(data, bytes) else orjson.dumps(data)
    return Response(body, status, media_type="application/json")


def refusal(status: int, description: str) -> HTTPException:
    """Return an error as the controller words it."""
    return HTTPException(status, description)


async def describe_refusal(_request: Request, error: Exception) -> Response:
    """Give an error the controller's shape."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else "unexpected error"
    return answer({"code": status, "description": detail}, status)


async def json_async(request: Request) -> dict[str, Any]:
    """Return the object in the body; refuse anything else."""
    try:
        said = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise refusal(400, "the body is not JSON") from error
    if not isinstance(said, dict):
        raise refusal(400, "the body is not an object")
    return said


def fields_of(said: dict[str, Any]) -> dict[str, Any]:
    """Return what was said of a lab under the names that it is read by; refuse what cannot be written."""
    fields: dict[str, Any] = {}
    for name, value in said.items():
        if name not in _WRITABLE:
            raise refusal(400, f"unknown field {name}")
        read_name, most = _WRITABLE[name]
        if not isinstance(value, str) or len(value) > most or (name == "title" and not value):
            raise refusal(400, f"{name} is not valid")
        fields[read_name] = value
    return fields
