"""Records in a cache over the system of record: read here, written there first."""

from collections.abc import Sequence

from application.contracts.memberships import MembershipDirectory
from domain.records.conditions import EVERYTHING, RecordFilter
from domain.records.record_access import check_readable
from domain.records.repositories import FoundRecord, FoundRecords, LabsRecordRepository
from domain.records.values import NO_SCOPE, LabsRecord, RecordItem, RecordScope
from integration.records.cached_writes import CachedWrites
from integration.records.record_log import RecordLog
from integration.records.record_lookup import RecordLookup
from integration.records.record_reader import RecordReader
from integration.records.scope_ledger import ScopeLedger
from integration.records.scope_refresh import ScopeRefresh
from integration.records.writes_under_way import WritesUnderWay


class CachedLabsRecordRepository(LabsRecordRepository):
    """Reads are answered from the log's read model, fetched where it is missing or too old; see ``ScopeRefresh``.

    A write goes to the system of record, which decides, and then into the cache; see ``CachedWrites``.
    """

    def __init__(
        self,
        remote: LabsRecordRepository,
        log: RecordLog,
        reader: RecordReader,
        ledger: ScopeLedger,
        refresh: ScopeRefresh,
        writes: WritesUnderWay,
        memberships: MembershipDirectory,
    ) -> None:
        self._reader = reader
        self._refresh = refresh
        self._memberships = memberships
        self._lookup = RecordLookup(reader, refresh, memberships)
        self._through = CachedWrites(remote, log, reader, ledger, refresh, writes)

    async def find_async(
        self,
        username: str,
        scope: RecordScope,
        wanted: RecordFilter = EVERYTHING,
        *,
        after: int = 0,
        limit: int | None = None,
    ) -> FoundRecords:
        if scope != NO_SCOPE:
            check_readable(scope, (await self._memberships.of_async(username)).include)
        entry = await self._refresh.ensure_async(username, scope)
        records = await self._reader.find_async(scope, wanted, after=after, limit=limit)
        return FoundRecords(tuple(records), entry.fetched_at, entry.stale_since)

    async def get_async(self, username: str, record_id: int, scope: RecordScope | None = None) -> LabsRecord | None:
        found = await self.find_one_async(username, record_id, scope)
        return None if found is None else found.record

    async def find_one_async(
        self, username: str, record_id: int, scope: RecordScope | None = None
    ) -> FoundRecord | None:
        return await self._lookup.find_one_async(username, record_id, scope)

    async def write_async(self, username: str, items: Sequence[RecordItem], *, action: str = "") -> list[LabsRecord]:
        return await self._through.write_async(username, items, action=action)

    async def remove_async(
        self, username: str, record_ids: Sequence[int], *, expected: LabsRecord | None = None
    ) -> None:
        await self._through.remove_async(username, record_ids, expected=expected)

    async def took_async(self, records: Sequence[LabsRecord], *, action: str = "") -> None:
        """Record what the system of record turned out to have taken from whoever asks, some time ago."""
        await self._through.took_async(records, action=action)
