"""Histories where nobody keeps any."""

from application.records.record_histories import RecordHistories, RecordHistoryEntry
from domain.records.errors import HistoryNotKeptError
from domain.records.repositories import LabsRecordRepository
from domain.records.values import LabsRecord


class NoRecordHistories(RecordHistories):
    """A record that is not there is not there; of one that is, the system of record remembers nothing."""

    def __init__(self, records: LabsRecordRepository) -> None:
        self._records = records

    async def entries_async(
        self, username: str, record_id: int, *, limit: int, before: int | None = None
    ) -> list[RecordHistoryEntry] | None:
        del limit, before
        await self._check_async(username, record_id)
        return None

    async def at_version_async(self, username: str, record_id: int, version: int) -> LabsRecord | None:
        del version
        await self._check_async(username, record_id)
        return None

    async def version_async(self, username: str, record_id: int) -> int | None:
        await self._check_async(username, record_id)
        return None

    async def _check_async(self, username: str, record_id: int) -> None:
        if await self._records.get_async(username, record_id) is not None:
            raise HistoryNotKeptError("the system of record keeps no earlier versions")
