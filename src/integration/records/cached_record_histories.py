"""Histories of records in the cache, and how old what is known of them is."""

from application.records.record_histories import HistoryAge, RecordHistories, RecordHistoryEntry
from domain.kernel.clock import Clock
from domain.kernel.errors import UnavailableError
from domain.records.repositories import LabsRecordRepository
from domain.records.values import LabsRecord


class CachedRecordHistories(RecordHistories):
    """Asks the cache for the record first, which fetches what is too old: what that brings belongs to the history."""

    def __init__(self, histories: RecordHistories, records: LabsRecordRepository, clock: Clock) -> None:
        self._histories = histories
        self._records = records
        self._clock = clock

    async def age_async(self, username: str, record_id: int) -> HistoryAge:
        try:
            found = await self._records.find_one_async(username, record_id)
        except UnavailableError:  # no scope of it was ever fetched, but it was written here
            return HistoryAge(stale_since=self._clock.now())
        return HistoryAge() if found is None else HistoryAge(found.as_of, found.stale_since)

    async def entries_async(
        self, username: str, record_id: int, *, limit: int, before: int | None = None
    ) -> list[RecordHistoryEntry] | None:
        return await self._histories.entries_async(username, record_id, limit=limit, before=before)

    async def at_version_async(self, username: str, record_id: int, version: int) -> LabsRecord | None:
        return await self._histories.at_version_async(username, record_id, version)

    async def version_async(self, username: str, record_id: int) -> int | None:
        return await self._histories.version_async(username, record_id)
