"""Version 2 of a list: pages of JSON, each with the URL of the next."""

import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from integration.connect.connect_api import ConnectApi, exact_json
from integration.connect.errors import UnusableAnswerError

V2 = "application/json; version=2.0"
PAGE_SIZE = 1_000
log = logging.getLogger("labkeeper.connect")


async def pages_async(
    api: ConnectApi, username: str, path: str, params: Mapping[str, str] | None = None
) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield the pages of a list, none of them empty.

    Raises:
        ConnectNotAcceptableError: the server has no version 2 of this list; nothing was yielded then.
        UnusableAnswerError: a page or its link makes no sense; what was yielded so far is not all.
    """
    response = await api.get_async(
        username, path, {"page_size": str(PAGE_SIZE), **(params or {})}, accept=V2, export=True
    )
    seen: set[str] = set()
    while True:
        rows, link = _page(exact_json(response), response.url)
        if rows:
            yield rows
        if link is None:
            return
        target = next_target(api.url, link)
        if target in seen or not rows:
            raise UnusableAnswerError(response.url, "the links to the next page lead in a circle")
        seen.add(target)
        # The link says everything: parameters of ours would be there twice.
        response = await api.get_async(username, target, accept=V2, export=True)


def next_target(server: httpx.URL, link: str) -> str:
    """Return the URL to follow; the token goes to the server itself and to nobody else.

    Raises:
        UnusableAnswerError: it leads elsewhere.
    """
    try:
        url = httpx.URL(link)
    except (httpx.InvalidURL, ValueError) as error:
        raise UnusableAnswerError(_shown(server), "the link to the next page is no URL") from error
    if url.scheme == "http" and server.scheme == "https":
        # Behind its proxy the server takes itself for http. It would redirect, but only after it was sent the token.
        port = None if url.port in (None, 80) else url.port
        url = url.copy_with(scheme="https", port=port if port is not None else server.port)
    if _origin(url) != _origin(server) or url.userinfo:
        log.warning("a page of %s links to %s", _shown(server), url.host)
        raise UnusableAnswerError(_shown(server), "the link to the next page leads to another host")
    return str(url)


def _page(told: Any, url: str) -> tuple[list[dict[str, Any]], str | None]:
    if not isinstance(told, dict) or "next" not in told:
        raise UnusableAnswerError(url, "the answer is no page")
    rows, link = told.get("results"), told["next"]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UnusableAnswerError(url, "the answer is no page: results must be a list of objects")
    if link is not None and not isinstance(link, str):
        raise UnusableAnswerError(url, "the answer is no page: next must be text or null")
    return rows, link


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _shown(server: httpx.URL) -> str:
    return str(server.copy_with(username=None, password=None, query=None, fragment=None))
