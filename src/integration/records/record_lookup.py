"""Finding one record of the cache by its id, for somebody who sees it in some scope."""

import asyncio
from collections.abc import Collection

from application.contracts.memberships import MembershipDirectory, Memberships
from domain.kernel.errors import UnavailableError
from domain.records.conditions import is_in_scope
from domain.records.errors import RecordsRefusedError, ScopeNotFoundError
from domain.records.record_access import may_see
from domain.records.repositories import FoundRecord
from domain.records.values import MAX_ID, NO_SCOPE, LabsRecord, RecordScope
from integration.records.record_reader import RecordReader
from integration.records.scope_keys import key_of, scope_of
from integration.records.scope_refresh import ScopeRefresh

AT_ONCE = 8


class RecordLookup:
    """Looks in the cache first, and where that does not know an id, in the scopes of whoever asks."""

    def __init__(
        self,
        reader: RecordReader,
        refresh: ScopeRefresh,
        memberships: MembershipDirectory,
        *,
        at_once: int = AT_ONCE,
    ) -> None:
        self._reader = reader
        self._refresh = refresh
        self._memberships = memberships
        self._at_once = at_once

    async def find_one_async(
        self, username: str, record_id: int, scope: RecordScope | None = None
    ) -> FoundRecord | None:
        """Find a record as ``LabsRecordRepository.find_one_async`` does."""
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
        """Look in the scopes of a person that are not fresh, until one shows it.

        The system of record cannot be asked for an id alone, and what shows many records shows them all at once.
        """
        stale = [scope for scope in _scopes_of(memberships) if not await self._refresh.is_fresh_async(key_of(scope))]
        scopes = [scope for scope in stale if scope not in denied]
        failure: UnavailableError | None = None
        for start in range(0, len(scopes), self._at_once):
            several = scopes[start : start + self._at_once]
            looks = (self._refresh.ensure_async(username, one, is_read=False) for one in several)
            for scope, answer in zip(several, await asyncio.gather(*looks, return_exceptions=True), strict=True):
                if isinstance(answer, UnavailableError):
                    failure = answer
                elif isinstance(answer, ScopeNotFoundError):
                    denied.add(scope)
                elif isinstance(answer, BaseException) and not isinstance(answer, RecordsRefusedError):
                    raise answer
            if (found := await self._known_async(username, record_id, denied)) is not None:
                return found
        if (found := await self._known_async(username, record_id, denied)) is not None:
            return found
        if failure is not None:
            raise failure  # it may be in a scope that nobody could look into
        return None

    async def _known_async(self, username: str, record_id: int, denied: Collection[RecordScope]) -> FoundRecord | None:
        known = await self._best_known_async(username, record_id, denied)
        if known is None:
            return None
        entry = await self._refresh.age_async(key_of(known[1]))
        return FoundRecord(known[0], entry.fetched_at, entry.stale_since)


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
