"""Removing records from the system of record."""

import asyncio
from collections.abc import Sequence

from domain.kernel.errors import NoUpstreamTokenError, UnavailableError
from domain.records.values import LabsRecord, RecordScope
from integration.connect.connect_api import ConnectApi
from integration.connect.errors import AnswerLostError, named
from integration.records.remote_reads import PATH, RemoteReads
from integration.records.remote_writes import SETTLE_WAITS_SECONDS


class RemoteRemoval:
    """Removes by ids alone: an id with a scope would be skipped in silence where the scope is not its own."""

    def __init__(
        self, api: ConnectApi, reads: RemoteReads, settle_waits_seconds: Sequence[float] = SETTLE_WAITS_SECONDS
    ) -> None:
        self._api = api
        self._reads = reads
        self._waits = settle_waits_seconds

    async def run_async(self, username: str, ids: Sequence[int], expected: LabsRecord | None = None) -> None:
        """Remove records, all of them or none.

        Raises:
            ConnectNotFoundError: one is not there, or not theirs.
            AnswerLostError: the answer was lost, and they are still there, or cannot be looked for.
        """
        hints = {expected.id: expected.scope} if expected is not None else {}
        try:
            response = await self._api.send_async(username, "DELETE", PATH, [{"id": one} for one in ids])
            lost = None
            if response.body.strip():
                # The system of record says nothing about a removal. Whoever says something may be somebody else.
                lost = AnswerLostError(f"{named(response.url)}: the answer to a removal is about something else", 5.0)
        except AnswerLostError as error:
            lost = error
        if lost is not None and not await self._is_gone_async(username, ids, hints):
            raise lost
        self._reads.forget(username, ids)

    async def _is_gone_async(self, username: str, ids: Sequence[int], hints: dict[int, RecordScope]) -> bool:
        for seconds in self._waits:
            await asyncio.sleep(seconds)
            try:
                if not await self._reads.find_by_ids_async(username, ids, hints):
                    return True
            except (UnavailableError, NoUpstreamTokenError):
                return False
        return False
