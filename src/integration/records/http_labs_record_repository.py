"""Records where they are: in the system of record, over its export API."""

from collections.abc import Iterable, Sequence

from application.contracts.memberships import MembershipDirectory
from domain.kernel.clock import Clock, SystemClock
from domain.records.ancestry import check_ancestry_async
from domain.records.conditions import EVERYTHING, RecordFilter
from domain.records.errors import (
    RecordChangedError,
    RecordNotFoundError,
    RecordsRefusedError,
    ScopeNotFoundError,
)
from domain.records.record_access import Includes, may_change, may_see
from domain.records.record_batches import check_expected, check_scopes, record_after
from domain.records.repositories import FoundRecord, FoundRecords, LabsRecordRepository
from domain.records.rules import check_batch
from domain.records.values import MAX_ID, LabsRecord, RecordItem, RecordScope
from integration.connect.connect_api import ConnectApi
from integration.connect.errors import ConnectNotFoundError, ConnectRefusedError
from integration.records.remote_reads import RemoteReads
from integration.records.remote_removal import RemoteRemoval
from integration.records.remote_suspects import RemoteSuspects
from integration.records.remote_writes import PlannedWrite, RemoteWrites


class HttpLabsRecordRepository(LabsRecordRepository):
    """Exactly what the wire offers, made safe where it is not.

    - The system of record has no versions. Before a write every record that it updates is read and compared with what
      the item expects; writes of one record by this process go one after another. What remains is a window as long as
      one call, between that reading and the write, in which another process or another client may write unnoticed.
    - It lets an id with a scope of one's own move a foreign record. So only ids of records that the person sees are
      written to. An id that nobody gave out yet cannot be told from a foreign one: both are not found.
    - It knows no idempotency. A write is sent once; one whose answer was lost is looked for. If it is not there,
      ``AnswerLostError`` says so, and whoever sends it again looks first (``equal_records_async``).
    - Records that are neither public nor in any scope cannot be read at all, but anybody may remove them.

    Args:
        writes: with waits of its own, in tests.
    """

    def __init__(
        self,
        api: ConnectApi,
        memberships: MembershipDirectory,
        *,
        clock: Clock | None = None,
        reads: RemoteReads | None = None,
        writes: RemoteWrites | None = None,
    ) -> None:
        self._memberships = memberships
        self._clock = clock or SystemClock()
        self._reads = reads or RemoteReads(api, memberships)
        self._writes = writes or RemoteWrites(api, self._reads)
        self._suspects = RemoteSuspects(self._reads, memberships)
        self._removal = RemoteRemoval(api, self._reads)

    async def find_async(
        self,
        username: str,
        scope: RecordScope,
        wanted: RecordFilter = EVERYTHING,
        *,
        after: int = 0,
        limit: int | None = None,
    ) -> FoundRecords:
        as_of = self._clock.now()
        try:
            records = await self._reads.list_async(username, scope, wanted)
        except ConnectRefusedError as error:
            raise RecordsRefusedError(str(error), error.status) from error
        page = [record for record in records if record.id > after]
        return FoundRecords(tuple(page if limit is None else page[: max(limit, 0)]), as_of=as_of)

    async def get_async(self, username: str, record_id: int, scope: RecordScope | None = None) -> LabsRecord | None:
        if not 1 <= record_id <= MAX_ID:
            return None
        try:
            if scope is None:
                return (await self._reads.find_by_ids_async(username, [record_id])).get(record_id)
            return await self._reads.get_async(username, scope, record_id)
        except ConnectRefusedError as error:
            raise RecordsRefusedError(str(error), error.status) from error

    async def find_one_async(
        self, username: str, record_id: int, scope: RecordScope | None = None
    ) -> FoundRecord | None:
        as_of = self._clock.now()
        record = await self.get_async(username, record_id, scope)
        return None if record is None else FoundRecord(record, as_of)

    async def write_async(self, username: str, items: Sequence[RecordItem], *, action: str = "") -> list[LabsRecord]:
        del action  # told by the events of stores that keep any
        check_batch(items)
        if not items:
            return []
        includes = (await self._memberships.of_async(username)).include
        check_scopes(items, includes)
        ids = [item.id for item in items if item.id is not None]
        try:
            async with self._writes.in_turn([f"record {one}" for one in ids]):
                return await self._written_async(username, items, includes)
        except ConnectNotFoundError as error:
            raise await self._whatever_is_not_there_async(username, items) from error
        except ConnectRefusedError as error:
            raise RecordsRefusedError(str(error), error.status) from error

    async def remove_async(
        self, username: str, record_ids: Sequence[int], *, expected: LabsRecord | None = None
    ) -> None:
        ids = list(dict.fromkeys(record_ids))
        for index, record_id in enumerate(ids):
            if not 1 <= record_id <= MAX_ID:
                raise RecordNotFoundError(record_id, index)
        if not ids:
            return
        try:
            async with self._writes.in_turn([f"record {one}" for one in ids]):
                if expected is not None:
                    await self._check_expected_async(username, ids, expected)
                await self._removal.run_async(username, ids, expected)
        except ConnectNotFoundError as error:
            raise await self._first_not_removable_async(username, ids) from error
        except ConnectRefusedError as error:
            raise RecordsRefusedError(str(error), error.status) from error

    async def equal_records_async(self, username: str, item: RecordItem) -> list[LabsRecord]:
        """Return the records that are equal to what an item without an id would insert, in the order of their ids.

        Whoever sends an insert again after its answer was lost compares this with what it was before the first time.
        """
        return await self._writes.equal_records_async(username, record_after(0, item, None, 0, lambda *_: True))

    async def _written_async(self, username: str, items: Sequence[RecordItem], includes: Includes) -> list[LabsRecord]:
        before = await self._before_async(username, items)
        after = [
            record_after(index, item, before.get(item.id) if item.id is not None else None, 0, includes)
            for index, item in enumerate(items)
        ]

        async def parent_of(record_id: int) -> int | None:
            found = await self._reads.find_by_ids_async(username, [record_id])
            return found[record_id].labs_record_id if record_id in found else None

        await check_ancestry_async(items, after, before, parent_of)
        await self._suspects.check_parents_async(username, items, before)
        try:
            return await self._writes.send_async(PlannedWrite(username, items, before, after))
        except ConnectRefusedError as error:
            if error.status != 500:
                raise
            reason = await self._suspects.reason_async(username, items, before)
            raise reason or RecordsRefusedError(str(error), error.status) from error

    async def _before_async(self, username: str, items: Sequence[RecordItem]) -> dict[int, LabsRecord]:
        """Return the records that are updated, as they are now.

        Raises:
            RecordNotFoundError, RecordChangedError: one is not there for that person.
        """
        expected = {item.id: item for item in items if item.id is not None}
        hints = {
            record_id: item.expected.scope if item.expected is not None else item.scope
            for record_id, item in expected.items()
        }
        found = await self._reads.find_by_ids_async(username, expected, hints)
        for index, item in enumerate(items):
            if item.id is not None and item.id not in found:
                raise await self._absence_async(username, item.id, item.expected, index)
        return found

    async def _absence_async(
        self, username: str, record_id: int, expected: LabsRecord | None, index: int
    ) -> RecordChangedError | RecordNotFoundError:
        """Return why a record is not found: it was removed, or is not theirs to see, also if it was a moment ago."""
        if expected is None or not may_see(expected, (await self._memberships.of_async(username)).include):
            return RecordNotFoundError(record_id, index)
        return RecordChangedError(record_id, None, index)

    async def _check_expected_async(self, username: str, ids: Sequence[int], expected: LabsRecord) -> None:
        found = await self._reads.find_by_ids_async(username, ids, {expected.id: expected.scope})
        for index, record_id in enumerate(ids):
            current = found.get(record_id)
            if current is None:
                raise await self._absence_async(username, record_id, expected, index)
            check_expected(current, expected, index)

    async def _whatever_is_not_there_async(
        self, username: str, items: Sequence[RecordItem]
    ) -> RecordNotFoundError | ScopeNotFoundError | RecordsRefusedError:
        """Return the reason of a 404 for a batch whose scopes and records were all there a moment ago."""
        found = await self._reads.find_by_ids_async(username, (item.id for item in items if item.id is not None))
        for index, item in enumerate(items):
            if item.id is not None and item.id not in found:
                return RecordNotFoundError(item.id, index)
            for kind, number in item.scope.parts:
                if not await self._reads.is_readable_async(username, RecordScope(**{f"{kind.value}_id": number})):
                    return ScopeNotFoundError(kind.value, number, index)
        return RecordsRefusedError("something that the batch names is not there any more", 404)

    async def _first_not_removable_async(self, username: str, ids: Iterable[int]) -> RecordNotFoundError:
        includes = (await self._memberships.of_async(username)).include
        ids = list(ids)
        found = await self._reads.find_by_ids_async(username, ids)
        for index, record_id in enumerate(ids):
            record = found.get(record_id)
            if record is None or not may_change(record, includes):
                return RecordNotFoundError(record_id, index)
        return RecordNotFoundError(ids[0], 0)
