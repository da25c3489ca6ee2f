"""Fetching scopes: once for all who wait, in this process and in the others."""

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from application.kernel.lease_keeper import holding
from application.kernel.leases import Leases
from domain.kernel.clock import Clock
from domain.kernel.errors import LabkeeperError, UnavailableError
from domain.records.values import RecordScope
from integration.records.record_cache import RecordCache, TakenOver
from integration.records.remote_listing import RemoteListing, RemoteListings
from integration.records.scope_keys import key_of, scope_of
from integration.records.scope_ledger import ScopeEntry, ScopeLedger
from integration.records.writes_under_way import WritesUnderWay

LEASE_SECONDS = 30.0
LONGEST_WAIT_SECONDS = 120.0
LOOK_AGAIN_SECONDS = 0.05
STALE_WAIT_SECONDS = 2.0
"""So long a reader waits for a fresh answer when there is an older one to give."""
ASK_AGAIN = timedelta(seconds=5)
"""After a failed fetch; until then readers of what there is do not wait."""
DIGEST_TRUSTED = timedelta(hours=1)
"""Then an equal answer is compared record by record all the same, whatever else may have gone wrong in between."""
WRITES_SECONDS = 5.0
READ_NOTED = timedelta(minutes=10)
log = logging.getLogger("labkeeper.records")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A fetch that went well; ``taken`` is None when the answer was the same bytes as before, or another's."""

    entry: ScopeEntry
    taken: TakenOver | None = None
    by_another: bool = False


@dataclass(slots=True)
class _Fetch:
    username: str
    task: asyncio.Task[Fetched]


class ScopeRefresh:
    """Keeps scopes fresh.

    A fresh answer is preferred. Where there is none in time, what is in the cache is answered, and said to be stale;
    only a scope that was never fetched makes its readers wait to the end, or fail.

    Args:
        max_age: how old an answer may be.
    """

    def __init__(
        self,
        listings: RemoteListings,
        cache: RecordCache,
        ledger: ScopeLedger,
        leases: Leases,
        clock: Clock,
        writes: WritesUnderWay,
        max_age: timedelta,
        *,
        stale_wait_seconds: float = STALE_WAIT_SECONDS,
    ) -> None:
        self._listings = listings
        self._cache = cache
        self._ledger = ledger
        self._leases = leases
        self._clock = clock
        self._writes = writes
        self._max_age = max_age
        self._stale_wait_seconds = stale_wait_seconds
        self._under_way: dict[str, _Fetch] = {}
        self._behind: set[str] = set()

    def is_behind(self, key: str) -> None:
        """Fetch a scope at the next occasion: the cache could not be told of a write."""
        self._behind.add(key)

    async def is_fresh_async(self, key: str) -> bool:
        """Tell whether a scope needs no fetch."""
        return self._is_fresh(await self._ledger.get_async(key))

    async def ensure_async(self, username: str, scope: RecordScope, *, is_read: bool = True) -> ScopeEntry:
        """Return how old the cache of a scope is, after making it fresh where that is possible.

        Args:
            is_read: whether somebody reads that scope, which keeps it warm.

        Raises:
            UnavailableError: it was never fetched, and cannot be.
            ScopeNotFoundError, NoUpstreamTokenError, RecordsRefusedError: the system of record does not let them.
        """
        key = key_of(scope)
        entry = await self._ledger.get_async(key)
        if is_read and (entry.read_at is None or self._clock.now() - entry.read_at > READ_NOTED):
            await self._ledger.was_read_async(key, username, self._clock.now())
        if self._is_fresh(entry) or self._has_just_failed(entry):
            return entry
        try:
            if entry.fetched_at is None:
                return (await self._joined_async(username, key)).entry
            async with asyncio.timeout(self._stale_wait_seconds):
                return (await self._joined_async(username, key)).entry
        except (UnavailableError, TimeoutError) as error:
            entry = await self._ledger.read_async(key)
            if entry.fetched_at is None:
                raise (
                    error if isinstance(error, UnavailableError) else UnavailableError(f"{key} is slow", 5.0)
                ) from error
            return self._told(entry)

    async def age_async(self, key: str) -> ScopeEntry:
        """Return how old the cache of a scope is, without asking for anything."""
        return self._told(await self._ledger.get_async(key))

    async def refresh_async(self, username: str, key: str) -> Fetched:
        """Fetch a scope, however fresh it is, unless somebody fetches it already.

        Raises:
            As ``ensure_async``.
        """
        return await self._joined_async(username, key, newer_than=self._clock.now())

    async def stop_async(self) -> None:
        """Let fetches that are under way come to their end."""
        await asyncio.gather(*(one.task for one in self._under_way.values()), return_exceptions=True)

    async def _joined_async(self, username: str, key: str, newer_than: datetime | None = None) -> Fetched:
        while True:
            fetch = self._under_way.get(key)
            if fetch is None:
                # A task of its own: whoever came first may leave, the others still wait.
                work = self._fetch_async(username, key, newer_than or self._oldest_good())
                fetch = self._under_way[key] = _Fetch(username, asyncio.create_task(work, name=f"fetch {key}"))
                fetch.task.add_done_callback(lambda done: self._ended(key, done))
            try:
                return await asyncio.shield(fetch.task)
            except UnavailableError:
                raise
            except LabkeeperError:
                # Who asked may not have been let in any more; that says nothing about the others.
                if fetch.username == username:
                    raise

    def _ended(self, key: str, done: asyncio.Task[Fetched]) -> None:
        del self._under_way[key]
        if not done.cancelled():
            done.exception()  # somebody may have raised it; that nobody waits any more is no surprise to be logged

    async def _fetch_async(self, username: str, key: str, good_since: datetime) -> Fetched:
        began = self._clock.now()
        deadline = asyncio.get_running_loop().time() + LONGEST_WAIT_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            async with holding(self._leases, f"records-fetch:{key}", LEASE_SECONDS) as lease:
                entry = await self._ledger.read_async(key)
                if self._is_good(entry, good_since):
                    return Fetched(entry, by_another=True)
                if entry.tried_at is not None and entry.tried_at > began and entry.stale_since is not None:
                    raise UnavailableError(entry.error or f"{key} could not be fetched", 5.0)
                if lease is not None:
                    return await self._fetch_now_async(username, entry)
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        raise UnavailableError(f"another process fetches {key} and does not come to an end", 5.0)

    async def _fetch_now_async(self, username: str, entry: ScopeEntry) -> Fetched:
        since = await self._cache.position_async()
        asked_at = self._clock.now()
        was_behind = entry.key in self._behind
        self._behind.discard(entry.key)
        try:
            listing = await self._listings.fetch_async(username, scope_of(entry.key))
            if self._says_the_same(listing, entry, asked_at):
                same = await self._ledger.succeeded_async(entry, asked_at, listing.digest, entry.reconciled_at)
                return Fetched(same)
            read = listing.read()
        except UnavailableError as error:
            log.warning("scope %s could not be fetched: %s", entry.key, error)
            if was_behind:
                self._behind.add(entry.key)
            await self._ledger.failed_async(entry.key, self._clock.now(), str(error))
            raise
        await self._writes.settled_async(WRITES_SECONDS)
        taken = await self._cache.take_over_async(username, listing.scope, read, since=since, held=entry.held)
        if taken.held:
            log.warning("scope %s: %d records are not listed any more; waiting for a second listing that says so",
                        entry.key, len(taken.held))  # fmt: skip
        await self._ledger.disagree_async(taken.touched - {entry.key})
        digest = listing.digest if taken.agrees else None
        noted = await self._ledger.succeeded_async(entry, asked_at, digest, asked_at, held=taken.held)
        return Fetched(noted, taken)

    def _says_the_same(self, listing: RemoteListing, entry: ScopeEntry, now: datetime) -> bool:
        trusted = entry.reconciled_at is not None and now - entry.reconciled_at < DIGEST_TRUSTED
        return trusted and entry.digest == listing.digest

    def _oldest_good(self) -> datetime:
        return self._clock.now() - self._max_age

    def _is_fresh(self, entry: ScopeEntry) -> bool:
        return self._is_good(entry, self._oldest_good())

    def _is_good(self, entry: ScopeEntry, since: datetime) -> bool:
        fetched = entry.fetched_at
        return fetched is not None and fetched > since and not entry.due and entry.key not in self._behind

    def _has_just_failed(self, entry: ScopeEntry) -> bool:
        if entry.fetched_at is None or entry.stale_since is None or entry.tried_at is None:
            return False
        return self._clock.now() - entry.tried_at < ASK_AGAIN

    def _told(self, entry: ScopeEntry) -> ScopeEntry:
        """Return an entry that says it is stale where it is."""
        if entry.fetched_at is None or entry.stale_since is not None or self._is_fresh(entry):
            return entry
        return replace(entry, stale_since=min(entry.fetched_at + self._max_age, self._clock.now()))
