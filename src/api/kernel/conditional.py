"""Conditional requests (RFC 9110 section 13): unchanged answers are not sent again, stale writes are refused."""

import hashlib
import re

from fastapi import Request, Response

from api.kernel.problems import RefusedError
from application.kernel.refusals import Refusal, precondition_failed

_TAG = re.compile(r'\s*(?:(W/)?"([^"\x00-\x20\x7f]*)"|\*)\s*(?:,|$)')


def version_tag(version: int) -> str:
    """Return the strong tag of a version; what a client sends back in ``If-Match``."""
    return f'"{version}"'


def content_tag(*parts: object) -> str:
    """Return the weak tag of an answer that is made from these, e.g. a checkpoint and the query."""
    return 'W/"' + "-".join(str(part) for part in parts) + '"'


def body_tag(body: bytes) -> str:
    """Return the weak tag of an answer that has no version or checkpoint of its own: a digest of what is sent."""
    return content_tag(hashlib.blake2b(body, digest_size=12).hexdigest())


def not_modified(request: Request, tag: str, headers: dict[str, str] | None = None) -> Response | None:
    """Return the 304 answer when the client has this very version; None when it must be sent.

    A header that is no list of tags names no version: the answer is sent, and nothing is lost.
    """
    known = request.headers.get("if-none-match")
    if known is None or request.method not in ("GET", "HEAD"):
        return None
    opaque = tag.removeprefix("W/")
    if known.strip() == "*" or any(given.removeprefix("W/") == opaque for given in _split(known) or ()):
        return Response(status_code=304, headers={**(headers or {}), "ETag": tag})
    return None


def expected_version(request: Request) -> int | None:
    """Return the version that ``If-Match`` names; None without the header or for ``*``.

    Raises:
        RefusedError: 400 when it is no list of tags, 412 when none of them can be a version of ours.
    """
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    tags = _split(given)
    if tags is None:
        malformed = "a list of entity tags is expected in If-Match"
        fault = {"field": "If-Match", "rule": "must be a list of entity tags"}
        raise RefusedError(Refusal(400, "malformed-header", "Malformed header", malformed, errors=[fault]))
    versions = [int(tag[1:-1]) for tag in tags if re.fullmatch(r'"[0-9]{1,15}"', tag)]
    if len(versions) == 1 and len(tags) == 1:
        return versions[0]
    raise RefusedError(precondition_failed("If-Match names no version of this resource; one strong tag is expected"))


def _split(header: str) -> list[str] | None:
    tags: list[str] = []
    position = 0
    while position < len(header):
        found = _TAG.match(header, position)
        if found is None:
            return None
        tags.append(header[position : found.end()].strip().rstrip(",").strip())
        position = found.end()
    return tags
