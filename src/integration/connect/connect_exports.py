"""Lists of an opportunity, in the newest version that the server knows."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import islice
from typing import Any

from integration.connect.connect_api import ConnectApi, exact_json
from integration.connect.connect_csv import csv_rows
from integration.connect.connect_paging import PAGE_SIZE, pages_async
from integration.connect.errors import ConnectNotAcceptableError, ConnectNotFoundError, UnusableAnswerError


class ConnectExports:
    """Reads what Connect exports: version 2, or CSV of those lists that the server does not have in it."""

    def __init__(self, api: ConnectApi) -> None:
        self._api = api
        self._only_csv: set[str] = set()

    async def rows_async(
        self, username: str, opportunity_id: int, name: str, params: Mapping[str, str] | None = None
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield a list's rows, many at a time; the same in both versions.

        Args:
            name: ``user_data``, ``user_visits``, ``completed_module`` ...

        Raises:
            ConnectNotFoundError: the opportunity is not theirs, or not there.
            UnavailableError: no usable answer; what was yielded so far is not all.
        """
        path = f"/export/opportunity/{opportunity_id}/{name}/"
        if name not in self._only_csv:
            try:
                async for page in pages_async(self._api, username, path, params):
                    yield page
            except ConnectNotAcceptableError:
                self._only_csv.add(name)
            else:
                return
        response = await self._api.get_async(username, path, params, accept="*/*", export=True, as_file=True)
        try:
            rows = csv_rows(response)
            while several := await asyncio.to_thread(_next_of, rows):
                yield several
        finally:
            if response.file is not None:
                response.file.close()

    async def opportunity_async(self, username: str, opportunity_id: int) -> dict[str, Any] | None:
        """Return an opportunity as Connect describes it; None when it is not theirs, or not there."""
        try:
            response = await self._api.get_async(username, f"/export/opportunity/{opportunity_id}/")
        except ConnectNotFoundError:
            return None
        told = exact_json(response)
        if not isinstance(told, dict):
            raise UnusableAnswerError(response.url, "the answer is no opportunity")
        return told


def _next_of(rows: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """Read on, away from the loop: a page of forms takes a while to be read."""
    return list(islice(rows, PAGE_SIZE))
