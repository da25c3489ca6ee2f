"""How the server words its answers and reads its requests."""

from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

SERVER_ERROR = "<!doctype html>\n<html lang=en>\n<h1>Server Error (500)</h1><p></p>\n</html>\n"


class ServerCrashError(Exception):
    """The real server would raise something that nobody catches: 500 with a page of HTML."""


def answer(data: object, status: int = 200) -> Response:
    """Return JSON; bytes are taken as JSON already."""
    body = data if isinstance(data, bytes) else orjson.dumps(data)
    return Response(body, status, media_type="application/json")


def not_found() -> HTTPException:
    """Return the refusal of what is not there or not theirs: nobody is told which."""
    return HTTPException(404, "Not found.")


def bad_request(error: dict[str, Any]) -> Response:
    """Return the refusal of a parameter, as a field dictionary."""
    return answer(error, 400)


async def describe_refusal(request: Request, error: Exception) -> Response:
    """Give an error the server's shape."""
    if not isinstance(error, HTTPException):
        return await describe_crash(request, error)
    if error.status_code == 405:
        detail = f'Method "{request.method}" not allowed.'
    else:
        detail = "Not found." if error.status_code == 404 else str(error.detail)
    response = answer({"detail": detail}, error.status_code)
    response.headers.update(error.headers or {})
    return response


async def describe_crash(_request: Request, _error: Exception) -> Response:
    """Answer as a server does whose view raised something."""
    return HTMLResponse(SERVER_ERROR, 500)
