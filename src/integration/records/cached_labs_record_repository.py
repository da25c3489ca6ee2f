"""Records in a cache over the system of record: read here, written there first."""

import asyncio
import logging
from collections.abc import Collection, Sequence

from neuroglia.data.exceptions import OptimisticConcurrencyException

from application.contracts.memberships import MembershipDirectory, Memberships
from domain.kernel.errors import LabkeeperError, UnavailableError
from domain.records.conditions import EVERYTHING, RecordFilter, is_in_scope
from domain.records.errors import (
    RecordChangedError,
    RecordNotFoundError,
    RecordsRefusedError,
    ScopeNotFoundError,
)
from domain.records.record_access import check_readable, may_see
from domain.records.repositories import FoundRecord, FoundRecords, LabsRecordRepository
from domain.records.values import MAX_ID, NO_SCOPE, LabsRecord, RecordItem, RecordOrigin, RecordScope
from integration.connect.errors import AnswerLostError
from integration.records.record_log import RecordLog
from integration.records.record_reader import RecordReader
from integration.records.record_removal import RecordRemoval
from integration.records.scope_keys import PUBLIC, key_of, keys_of, scope_of
from integration.records.scope_ledger import ScopeLedger
from integration.records.scope_refresh import ScopeRefresh
from integration.records.turns import Turns
from integration.records.writes_under_way import WritesUnderWay

AT_ONCE = 8
log = logging.getLogger("labkeeper.records")


class CachedLabsRecordRepository(LabsRecordRepository):
    """Reads are answered from the log's read model, fetched where it is missing or too old; see ``ScopeRefresh``.

    A write goes to the system of record, which decides, and then into the cache as an event. When the cache cannot be
    told, the write stands all the same, and the next fetch brings it.

    What remains: two processes that write the same record within milliseconds may tell the cache in the wrong order;
    it then fetches at the next reading.
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
        self._remote = remote
        self._log = log
        self._reader = reader
        self._ledger = ledger
        self._refresh = refresh
        self._writes = writes
        self._memberships = memberships
        self._removal = RecordRemoval(log, reader)
        self._turns = Turns()

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
        if not 1 <= record_id <= MAX_ID:
            return None
        if scope == NO_SCOPE:
            return await self._in_scope_async(username, record_id, NO_SCOPE)
        memberships = await self._memberships.of_async(username)
        if scope is not None:
            deciding = scope.deciding
            if deciding is None or not memberships.include(deciding[0].value, deciding[1]):
                return None
            return await self._in_scope_async(username, record_id, scope)
        denied: set[RecordScope] = set()
        found = await self._seen_async(username, record_id, denied)
        return found or await self._looked_for_async(username, record_id, memberships, denied)

    async def write_async(self, username: str, items: Sequence[RecordItem], *, action: str = "") -> list[LabsRecord]:
        ids = [item.id for item in items if isinstance(item.id, int)]
        async with self._turns.of(f"record {one}" for one in ids):
            with self._writes.one():
                before = await self._versions_async(ids)
                try:
                    written = await self._remote.write_async(username, items, action=action)
                except RecordChangedError as error:
                    await self._learned_async(error, before)
                    raise
                except (RecordNotFoundError, AnswerLostError):
                    await self._doubt_async(ids, items)
                    raise
                await self._told_async(written, items, before, action)
        return written

    async def remove_async(
        self, username: str, record_ids: Sequence[int], *, expected: LabsRecord | None = None
    ) -> None:
        ids = list(dict.fromkeys(record_ids))
        async with self._turns.of(f"record {one}" for one in ids):
            with self._writes.one():
                try:
                    await self._remote.remove_async(username, ids, expected=expected)
                except (RecordNotFoundError, RecordChangedError, AnswerLostError):
                    await self._doubt_async(ids)
                    raise
                try:
                    gone = await self._removal.follow_async(ids)
                    self._ledger.disagree_soon(keys_of(gone))
                except (UnavailableError, OptimisticConcurrencyException) as error:
                    log.warning("the cache was not told that records %s were removed: %s", ids, error)

    async def took_async(self, records: Sequence[LabsRecord], *, action: str = "") -> None:
        """Record what the system of record turned out to have taken from whoever asks, some time ago."""
        await self._told_async(records, (), {}, action)

    async def _in_scope_async(self, username: str, record_id: int, scope: RecordScope) -> FoundRecord | None:
        try:
            entry = await self._refresh.ensure_async(username, scope)
        except ScopeNotFoundError:
            return None
        record = await self._reader.get_async(record_id)
        if record is None or not is_in_scope(record, scope):
            return None
        return FoundRecord(record, entry.fetched_at, entry.stale_since)

    async def _best_known_async(
        self, username: str, record_id: int, denied: Collection[RecordScope]
    ) -> tuple[LabsRecord, RecordScope] | None:
        """Return a record that the cache holds and, of the scopes in which somebody sees it, that fetched last.

        What else shows it may never be fetched. None when they see it in none but those that they were just denied.
        """
        memberships = await self._memberships.of_async(username)
        record = await self._reader.get_async(record_id)
        if record is None or not may_see(record, memberships.include):
            return None
        scopes = [scope for scope in _where_seen(record, memberships) if scope not in denied]
        if not scopes:
            return None
        entries = [(scope, await self._refresh.age_async(key_of(scope))) for scope in scopes]
        fetched = [(entry.fetched_at, scope) for scope, entry in entries if entry.fetched_at is not None]
        return record, max(fetched, key=lambda one: one[0])[1] if fetched else entries[0][0]

    async def _seen_async(self, username: str, record_id: int, denied: set[RecordScope]) -> FoundRecord | None:
        """Return a record that the cache holds, once a scope where somebody sees it is fresh; note who denies it."""
        while (known := await self._best_known_async(username, record_id, denied)) is not None:
            record, scope = known
            before = entry = await self._refresh.age_async(key_of(scope))
            try:
                entry = await self._refresh.ensure_async(username, scope)
            except ScopeNotFoundError:
                denied.add(scope)
                continue
            except RecordsRefusedError:
                self._refresh.is_behind(key_of(scope))
            if entry.fetched_at != before.fetched_at:
                again = await self._best_known_async(username, record_id, denied)
                if again is None:
                    return None
                record = again[0]
            return FoundRecord(record, entry.fetched_at, entry.stale_since)
        return None

    async def _looked_for_async(
        self, username: str, record_id: int, memberships: Memberships, denied: set[RecordScope]
    ) -> FoundRecord | None:
        """Look in every scope of a person that is not fresh: the system of record cannot be asked for an id alone."""
        stale = [scope for scope in _scopes_of(memberships) if not await self._refresh.is_fresh_async(key_of(scope))]
        scopes = [scope for scope in stale if scope not in denied]
        failure: UnavailableError | None = None
        for start in range(0, len(scopes), AT_ONCE):
            several = scopes[start : start + AT_ONCE]
            looks = (self._refresh.ensure_async(username, one, is_read=False) for one in several)
            for scope, answer in zip(several, await asyncio.gather(*looks, return_exceptions=True), strict=True):
                if isinstance(answer, UnavailableError):
                    failure = answer
                elif isinstance(answer, ScopeNotFoundError):
                    denied.add(scope)
                elif isinstance(answer, BaseException) and not isinstance(answer, RecordsRefusedError):
                    raise answer
        known = await self._best_known_async(username, record_id, denied)
        if known is not None:
            entry = await self._refresh.age_async(key_of(known[1]))
            return FoundRecord(known[0], entry.fetched_at, entry.stale_since)
        if failure is not None:
            raise failure  # it may be in a scope that nobody could look into
        return None

    async def _versions_async(self, ids: Sequence[int]) -> dict[int, int]:
        try:
            return await self._reader.versions_async(ids)
        except UnavailableError:
            return {}

    async def _told_async(
        self, written: Sequence[LabsRecord], items: Sequence[RecordItem], before: dict[int, int], action: str
    ) -> None:
        """Record what the system of record has taken, as done here by whoever asks."""
        keys = keys_of(written)
        if any("public" in item.fields for item in items):
            keys.add(PUBLIC)
        inserted = {one.id for one, item in zip(written, items, strict=False) if item.id is None}
        try:
            # What was inserted has an id that nobody has heard of yet.
            histories = await self._log.load_async(one.id for one in written if one.id not in inserted)
            raced = any(histories[one].state.state_version != version for one, version in before.items())
            await self._log.take_over_async(written, origin=RecordOrigin.HERE, action=action, known=histories)
            self._ledger.disagree_soon(keys)
            if raced:
                await self._ledger.disagree_async(keys, due=True)
        except (UnavailableError, OptimisticConcurrencyException) as error:
            log.warning("the cache was not told of records %s: %s", [one.id for one in written], error)
            for key in keys:
                self._refresh.is_behind(key)

    async def _learned_async(self, error: RecordChangedError, before: dict[int, int]) -> None:
        """Take over what somebody else has made of a record, unless the cache has heard of it since."""
        known = before.get(error.record_id)
        try:
            history = (await self._log.load_async([error.record_id])).get(error.record_id)
            same = history is not None and history.state.state_version == known
            if error.current is not None and same:
                await self._log.take_over_async([error.current], origin=RecordOrigin.REMOTE)
                await self._ledger.disagree_async(keys_of([error.current]))
            else:
                await self._doubt_async([error.record_id])
        except (UnavailableError, OptimisticConcurrencyException) as problem:
            log.warning("the cache was not told that record %s changed: %s", error.record_id, problem)

    async def _doubt_async(self, ids: Sequence[int], items: Sequence[RecordItem] = ()) -> None:
        """Fetch the scopes of records again at the next reading: they are not what the cache says, or may not be."""
        try:
            found = [await self._reader.get_async(one) for one in ids]
            keys = keys_of(one for one in found if one is not None)
            keys |= {key_of(item.scope) for item in items if item.id is None}
            await self._ledger.disagree_async(keys, due=True)
        except LabkeeperError as error:
            log.warning("the cache may be behind with records %s: %s", ids, error)


def _where_seen(record: LabsRecord, memberships: Memberships) -> list[RecordScope]:
    """Return the scopes in which somebody sees a record that they may see."""
    theirs = [
        RecordScope(**{f"{kind.value}_id": number})
        for kind, number in record.scope.parts
        if memberships.include(kind.value, number)
    ]
    return [*theirs, NO_SCOPE] if record.public or not theirs else theirs


def _scopes_of(memberships: Memberships) -> list[RecordScope]:
    keys = [f"{kind}:{number}" for kind, numbers in memberships.ids.items() for number in sorted(numbers)]
    return [NO_SCOPE, *map(scope_of, keys)]
