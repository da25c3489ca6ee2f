"""What a body must be sent as, said before anybody tries to read it."""

import re

from fastapi import Request, params
from fastapi.routing import APIRoute

from api.kernel.problems import RefusedError
from application.kernel.refusals import Refusal

JSON = "application/json"
_is_json = re.compile(r"\s*application/(?:[^\s/;,]+\+)?json\s*(?:;.*)?", re.IGNORECASE | re.DOTALL).fullmatch


class BodyRules:
    """The rules of one route. Encodings are never accepted; JSON is wanted where the endpoint has a body of it."""

    def __init__(self, *, wants_json: bool) -> None:
        self._wants_json = wants_json

    @classmethod
    def of(cls, route: APIRoute) -> "BodyRules":
        """Return the rules of a route."""
        body = route.body_field
        return cls(wants_json=body is not None and not isinstance(body.field_info, params.Form))

    def check(self, request: Request) -> None:
        """Look at the headers of a request that has a body.

        Raises:
            RefusedError: 415.
        """
        headers = request.headers
        if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
            return
        if headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
            detail = "a body must be sent as it is: no Content-Encoding is accepted"
            raise RefusedError(_unsupported(detail), {"Accept-Encoding": "identity"})
        if self._wants_json and not _is_json(headers.get("content-type", "")):
            raise RefusedError(_unsupported(f"a body must be sent with Content-Type: {JSON}"), {"Accept": JSON})


def _unsupported(detail: str) -> Refusal:
    return Refusal(415, "unsupported-media-type", "Unsupported media type", detail)
