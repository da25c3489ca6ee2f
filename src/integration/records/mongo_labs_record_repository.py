"""Our own store of records: the log decides, the read model is read."""

from collections.abc import Sequence

from neuroglia.data.exceptions import OptimisticConcurrencyException

from application.contracts.memberships import MembershipDirectory, Memberships
from application.kernel.conflicts import deciding_again_async
from application.kernel.request_context import current_request
from domain.records.ancestry import check_ancestry_async
from domain.records.conditions import EVERYTHING, RecordFilter, is_in_scope
from domain.records.errors import InvalidRecordError
from domain.records.record_access import check_readable, may_see
from domain.records.record_batches import check_scopes, record_after
from domain.records.record_history import LabsRecordHistory
from domain.records.repositories import FoundRecords, LabsRecordRepository
from domain.records.rules import check_batch
from domain.records.values import NO_SCOPE, LabsRecord, RecordItem, RecordScope
from integration.records.record_ids import RecordIds
from integration.records.record_log import RecordLog
from integration.records.record_reader import RecordReader
from integration.records.record_removal import RecordRemoval


class MongoLabsRecordRepository(LabsRecordRepository):
    """Records as streams ``labs-record-history-<id>`` in the log ``records``."""

    def __init__(self, log: RecordLog, reader: RecordReader, ids: RecordIds, memberships: MembershipDirectory) -> None:
        self._log = log
        self._reader = reader
        self._ids = ids
        self._memberships = memberships
        self._removal = RecordRemoval(log, reader)

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
        return FoundRecords(tuple(await self._reader.find_async(scope, wanted, after=after, limit=limit)))

    async def get_async(self, username: str, record_id: int, scope: RecordScope | None = None) -> LabsRecord | None:
        record = await self._reader.get_async(record_id)
        if record is None or (scope is not None and not is_in_scope(record, scope)):
            return None
        if record.public and (scope is None or scope == NO_SCOPE):
            return record
        includes = (await self._memberships.of_async(username)).include
        if scope is None:
            return record if may_see(record, includes) else None
        deciding = scope.deciding
        return record if deciding is not None and includes(deciding[0].value, deciding[1]) else None

    async def write_async(self, username: str, items: Sequence[RecordItem], *, action: str = "") -> list[LabsRecord]:
        check_batch(items)
        if not items:
            return []
        memberships = await self._memberships.of_async(username)
        check_scopes(items, memberships.include)
        new_ids = await self._new_ids_async(sum(item.id is None for item in items))

        async def attempt() -> list[LabsRecord]:
            try:
                return await self._decide_and_store_async(items, new_ids, memberships, action)
            except OptimisticConcurrencyException:
                await self._replace_taken_async(new_ids)
                raise

        return await deciding_again_async(attempt)

    async def remove_async(
        self, username: str, record_ids: Sequence[int], *, expected: LabsRecord | None = None
    ) -> None:
        includes = (await self._memberships.of_async(username)).include
        await self._removal.run_async(record_ids, includes, expected)

    async def _decide_and_store_async(
        self, items: Sequence[RecordItem], new_ids: Sequence[int], memberships: Memberships, action: str
    ) -> list[LabsRecord]:
        histories = await self._log.load_async(item.id for item in items if item.id is not None)
        before = {record_id: history.state.record for record_id, history in histories.items()}
        free = iter(new_ids)
        records = [
            record_after(
                index,
                item,
                before.get(item.id) if item.id is not None else None,
                next(free) if item.id is None else None,
                memberships.include,
            )
            for index, item in enumerate(items)
        ]
        await check_ancestry_async(items, records, before, self._parent_of_async)
        await self._check_references_async(records, before, memberships)
        at = self._log.clock.now()
        for record in records:
            history = histories.setdefault(record.id, LabsRecordHistory())
            history.become(record, at, action=action)
        for item in items:
            if item.id is not None and before.get(item.id) is None:
                await self._ids.skip_async(item.id)
        await self._log.store_async([histories[record.id] for record in records])
        return records

    async def _check_references_async(
        self, records: Sequence[LabsRecord], before: dict[int, LabsRecord | None], memberships: Memberships
    ) -> None:
        """Check the people and parents that records newly name."""
        written = {record.id for record in records}
        people: dict[str, int] = {}
        parents: dict[int, int] = {}
        for index, record in enumerate(records):
            known = before.get(record.id)
            if record.username is not None and (known is None or known.username != record.username):
                people.setdefault(record.username, index)
            parent = record.labs_record_id
            if parent is not None and parent not in written and (known is None or known.labs_record_id != parent):
                parents.setdefault(parent, index)
        for person, index in people.items():
            if not await self._memberships.knows_async(person):
                raise InvalidRecordError(index, "username", "must be the name of somebody known")
        found = await self._log.load_async(parents)
        for parent, index in parents.items():
            history = found.get(parent)
            record_of_parent = history.state.record if history is not None else None
            if record_of_parent is None or not may_see(record_of_parent, memberships.include):
                raise InvalidRecordError(index, "labs_record_id", "must be the id of a record that is there")

    async def _parent_of_async(self, record_id: int) -> int | None:
        history = (await self._log.load_async([record_id])).get(record_id)
        record = None if history is None else history.state.record
        return None if record is None else record.labs_record_id

    async def _new_ids_async(self, count: int) -> list[int]:
        request = current_request()
        again = request.next_append_id("record-ids") if request.repeatable and count else None
        return await self._ids.next_async(count, again)

    async def _replace_taken_async(self, new_ids: list[int]) -> None:
        """Take other ids for those that somebody has chosen by hand meanwhile."""
        taken = await self._log.load_async(new_ids)
        places = [place for place, one in enumerate(new_ids) if one in taken]
        for place, fresh in zip(places, await self._ids.next_async(len(places)), strict=True):
            new_ids[place] = fresh
