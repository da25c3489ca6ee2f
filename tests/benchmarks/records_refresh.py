"""A cycle of the records' refresh job with nothing changed, against only fetching and parsing the same answers.

Both sides use the product's client of the system of record, with a login as the product keeps it, and the job's
concurrency. The plain side parses every answer; the job tells by its bytes that nothing has changed.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from uuid import uuid4

from cryptography.fernet import Fernet

from application.access.connect_logins import Grant
from application.kernel.jobs import RunOutcome
from domain.kernel.clock import SystemClock
from domain.records.values import RecordScope
from integration.access.connect_memberships import ConnectMemberships
from integration.access.connect_oauth import HttpConnectLogins
from integration.access.connect_tokens import ConnectTokens
from integration.connect.connect_api import ConnectApi, exact_json
from integration.http.address_policy import AddressPolicy
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.driver import MongoDriver, open_driver
from integration.mongo.runs.run_history import MongoRunHistory
from integration.records.jobs import AT_ONCE, RecordsRefreshJob
from integration.records.record_cache import RecordCache
from integration.records.record_reader import RecordReader
from integration.records.remote_listing import RemoteListings
from integration.records.remote_reads import PATH, RemoteReads
from integration.records.scope_keys import key_of
from integration.records.scope_ledger import ScopeLedger
from integration.records.scope_refresh import ScopeRefresh
from integration.records.writes_under_way import WritesUnderWay
from settings import RecordsSettings
from tests.benchmarks.child import serving
from tests.benchmarks.measuring import Reading, alternating
from tests.benchmarks.records_material import READER
from tests.support.records import local_store

SCOPES, RECORDS = 100, 500
_KEPT_SECONDS = 86_400.0


class Cycle:
    """The job on its own cache, and the client that it uses."""

    def __init__(self, job: RecordsRefreshJob, history: MongoRunHistory, api: ConnectApi) -> None:
        self._job = job
        self._history = history
        self._api = api

    async def run(self) -> float:
        """Run the job once over all scopes; return seconds."""
        started = time.perf_counter()
        recorder = await self._history.start_async(self._job.task_id, "start", "system")
        await self._job.run_async(recorder, "start")
        await self._history.end_async(recorder, RunOutcome.SUCCEEDED, None)
        seconds = time.perf_counter() - started
        run = recorder.run
        assert (run.parts_failed, run.counts.get("records_changed", 0)) == (0, 0), run
        return seconds

    async def fetch(self) -> float:
        """Only fetch and parse what such a run does; return seconds."""
        at_once = asyncio.Semaphore(AT_ONCE)

        async def one(opportunity: int) -> int:
            async with at_once:
                return len(exact_json(await self._api.get_async(READER, PATH, {"opportunity_id": str(opportunity)})))

        started = time.perf_counter()
        found = await asyncio.gather(*(one(number + 1) for number in range(SCOPES)))
        seconds = time.perf_counter() - started
        assert sum(found) == SCOPES * RECORDS
        return seconds


async def refresh_unchanged(uri: str) -> Reading:
    """Measure cycles after the first, which takes everything over."""
    driver = open_driver("motor", uri, f"bench_{uuid4().hex}")
    try:
        with serving("tests.benchmarks.records_server", str(SCOPES), str(RECORDS)) as port:
            async with _cycle(driver, f"http://127.0.0.1:{port}") as cycle:
                await cycle.run()
                return await alternating(cycle.run, cycle.fetch, rounds=7)
    finally:
        await driver.command_async({"dropDatabase": 1})
        await driver.close_async()


@asynccontextmanager
async def _cycle(driver: MongoDriver, url: str) -> AsyncIterator[Cycle]:
    """Put the job together as the product does; every scope has a reader."""
    clock, leases = SystemClock(), MongoLeases(driver)
    async with AsyncExitStack() as stack:
        logins = HttpConnectLogins(url, "labkeeper", "labkeeper-secret", AddressPolicy(), clock)
        stack.push_async_callback(logins.close_async)
        tokens = ConnectTokens(driver, [Fernet.generate_key().decode()], logins, leases, clock)
        await tokens.start_async()
        expires_at = clock.now() + timedelta(seconds=_KEPT_SECONDS)
        await tokens.keep_async(READER, Grant("a.fine.token", "refresh", expires_at, _KEPT_SECONDS))
        api = ConnectApi(url, tokens)
        stack.push_async_callback(api.close_async)
        memberships = ConnectMemberships(api)
        store = await stack.enter_async_context(local_store(driver, clock, memberships))
        assert store.log is not None
        assert store.host is not None
        reader = RecordReader(driver, store.host.watch, store.log)
        ledger = ScopeLedger(driver)
        await ledger.start_async()
        stack.push_async_callback(ledger.stop_async)
        cache = RecordCache(store.log, reader, RemoteReads(api, memberships))
        refresh = ScopeRefresh(
            RemoteListings(api, memberships), cache, ledger, leases, clock, WritesUnderWay(), timedelta(seconds=300)
        )
        for number in range(SCOPES):
            await ledger.was_read_async(key_of(RecordScope(opportunity_id=number + 1)), READER, clock.now())
        history = MongoRunHistory(driver)
        await history.prepare_async()
        job = RecordsRefreshJob(ledger, refresh, tokens, memberships, clock, RecordsSettings())
        yield Cycle(job, history, api)
