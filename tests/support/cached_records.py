"""The cached store of records for tests: a simulated Connect, and a cache on a fresh database."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from domain.kernel.clock import Clock, SystemClock
from domain.records.repositories import LabsRecordRepository
from integration.access.connect_memberships import ConnectMemberships
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.driver import MongoDriver
from integration.records.cached_labs_record_repository import CachedLabsRecordRepository
from integration.records.http_labs_record_repository import HttpLabsRecordRepository
from integration.records.record_cache import RecordCache
from integration.records.record_log import RecordLog
from integration.records.record_reader import RecordReader
from integration.records.remote_listing import RemoteListings
from integration.records.remote_reads import RemoteReads
from integration.records.scope_ledger import ScopeLedger
from integration.records.scope_refresh import ScopeRefresh
from integration.records.writes_under_way import WritesUnderWay
from tests.support.connect import ConnectSimulator
from tests.support.records import LocalStore, RecordStore, local_store
from tests.support.remote_records import RemoteStore, contract_remote_store, remote_store


@dataclass
class CachedStore(RecordStore):
    """One process with a cache; ``behind`` is the log and read model, ``remote`` the system of record."""

    tells_foreign_ids_from_free_ones: bool = field(default=False)
    behind: LocalStore | None = None
    remote: RemoteStore | None = None
    ledger: ScopeLedger | None = None
    refresh: ScopeRefresh | None = None
    cache: RecordCache | None = None
    clock: Clock | None = None

    @property
    def connect(self) -> ConnectSimulator:
        assert self.remote is not None
        assert self.remote.connect is not None
        return self.remote.connect

    async def another_async(self) -> LabsRecordRepository:
        """Return a cache of its own on the same database, before the same repository of the system of record."""
        assert self.behind is not None
        assert self.remote is not None
        return (await opened_async(self.behind, self.remote, self.clock or SystemClock())).records


async def opened_async(
    behind: LocalStore, remote: RemoteStore, clock: Clock, max_age: float = 300.0, **options: Any
) -> CachedStore:
    """Return a process's cache on a database that is projected."""
    assert behind.driver is not None
    assert behind.log is not None
    assert behind.host is not None
    assert remote.api is not None
    assert isinstance(remote.memberships, ConnectMemberships)
    log = RecordLog(behind.driver, behind.log.store, clock)
    reader = RecordReader(behind.driver, behind.host.watch, log)
    ledger, writes = ScopeLedger(behind.driver), WritesUnderWay()
    cache = RecordCache(log, reader, RemoteReads(remote.api, remote.memberships))
    listings, leases = RemoteListings(remote.api, remote.memberships), MongoLeases(behind.driver)
    refresh = ScopeRefresh(
        listings, cache, ledger, leases, clock, writes, timedelta(seconds=max_age), **options
    )  # fmt: skip
    assert isinstance(remote.records, HttpLabsRecordRepository)
    records = CachedLabsRecordRepository(remote.records, log, reader, ledger, refresh, writes, remote.memberships)
    return CachedStore(
        records=records, behind=behind, remote=remote, ledger=ledger, refresh=refresh, cache=cache, clock=clock
    )


@asynccontextmanager
async def cached_store(
    driver: MongoDriver,
    connect: ConnectSimulator,
    *,
    contract: bool = False,
    clock: Clock | None = None,
    max_age: float = 300.0,
    stale_wait_seconds: float = 2.0,
    **api: Any,
) -> AsyncIterator[CachedStore]:
    """Run a cache until the block ends. ``contract`` makes the world of the contract suite."""
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        opening = contract_remote_store(connect) if contract else remote_store(connect, **api)
        remote = await stack.enter_async_context(opening)
        behind = await stack.enter_async_context(local_store(driver, clock, remote.memberships))
        store = await opened_async(behind, remote, clock, max_age, stale_wait_seconds=stale_wait_seconds)
        assert store.ledger is not None
        assert store.refresh is not None
        await store.ledger.start_async()
        stack.push_async_callback(store.ledger.stop_async)
        stack.push_async_callback(store.refresh.stop_async)
        yield store
