"""The job that keeps the cache warm: which scopes, on whose behalf, and what a run says of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio

from application.kernel.jobs import JobRun, RunOutcome, RunPart
from domain.records.values import NO_SCOPE, RecordScope
from integration.mongo.driver import MongoDriver
from integration.mongo.runs.run_history import MongoRunHistory
from integration.records.jobs import RecordsRefreshJob
from integration.records.scope_keys import key_of
from integration.records.scope_ledger import ScopeEntry
from integration.records.whose_login import WhoseLogin
from settings import RecordsSettings
from tests.support.cached_records import CachedStore, cached_store
from tests.support.connect import RECORDS, ConnectSimulator, a_record
from tests.support.records import ids_of
from tests.support.tallies import HandClock

ASHA, BRIAN, CHIDI, DALIA = "asha", "brian", "chidi", "dalia"
SCOPE, OTHER = RecordScope(opportunity_id=814), RecordScope(opportunity_id=815)
LISTED = f"GET {RECORDS}"


@dataclass
class Job:
    """The job, put together as the product does, and a cache to look into."""

    store: CachedStore
    history: MongoRunHistory
    job: RecordsRefreshJob
    clock: HandClock

    async def run(self) -> tuple[JobRun, dict[str, RunPart]]:
        """Run it once; return the run and its parts by scope."""
        self.store.connect.calls(forget=True)
        recorder = await self.history.start_async(self.job.task_id, "start", "system")
        await self.job.run_async(recorder, "start")
        await self.history.end_async(recorder, RunOutcome.SUCCEEDED, None)
        parts = await self.history.parts_async(recorder.run.run_id)
        return recorder.run, {part.part_id: part for part in parts}

    async def ids(self, scope: RecordScope = SCOPE) -> list[int]:
        return ids_of((await self.store.records.find_async(ASHA, scope)).records)


@pytest_asyncio.fixture
async def warm(driver: MongoDriver, connect: ConnectSimulator) -> AsyncIterator[Job]:
    clock = HandClock()
    async with cached_store(driver, connect, clock=clock, stale_wait_seconds=0.5) as store:
        assert store.ledger is not None
        assert store.refresh is not None
        assert store.remote is not None
        assert store.remote.tokens is not None
        assert store.remote.memberships is not None
        history = MongoRunHistory(driver)
        await history.prepare_async()
        job = RecordsRefreshJob(
            store.ledger, store.refresh, store.remote.tokens, store.remote.memberships, clock, RecordsSettings()
        )
        yield Job(store, history, job, clock)


async def test_what_changed_or_vanished_in_a_scope_that_is_read_is_told(warm: Job) -> None:
    connect = warm.store.connect
    connect.set_records([a_record(n) for n in range(1, 11)])
    await warm.ids()
    rest = [a_record(n) for n in range(3, 11)]
    connect.set_records([a_record(1, data="changed"), *rest, a_record(11)])
    run, parts = await warm.run()
    assert (run.parts_total, run.parts_failed) == (1, 0)
    part = parts["opportunity:814"]
    assert part.outcome is RunOutcome.SUCCEEDED
    assert sorted((one["id"], one["change"]) for one in part.items) == [
        (1, "changed"), (2, "removed"), (11, "created"),
    ]  # fmt: skip
    assert connect.calls()[LISTED] >= 1
    connect.calls(forget=True)
    assert await warm.ids() == [1, *range(3, 12)]
    assert LISTED not in connect.calls(), "readers find it warm"


@pytest.mark.parametrize("kind", ["status", "truncated", "drop_midway", "html", "wrong_json"])
async def test_a_listing_that_fails_removes_nothing_and_the_run_says_so(warm: Job, kind: str) -> None:
    connect = warm.store.connect
    connect.set_records([a_record(n) for n in range(1, 11)])
    before = await warm.ids()
    connect.set_faults({"kind": kind, "path": RECORDS})
    run, parts = await warm.run()
    assert run.parts_failed == 1
    assert parts["opportunity:814"].outcome is RunOutcome.FAILED
    assert parts["opportunity:814"].error
    assert await warm.ids() == before


async def test_a_big_drop_is_a_part_of_the_run_that_did_not_succeed(warm: Job) -> None:
    connect = warm.store.connect
    connect.set_records([a_record(n) for n in range(1, 11)])
    before = await warm.ids()
    connect.set_records([a_record(1)])
    _, parts = await warm.run()
    part = parts["opportunity:814"]
    assert (part.outcome, part.counts["records_held"]) == (RunOutcome.PARTIAL, 9)
    assert await warm.ids() == before
    _, parts = await warm.run()
    assert parts["opportunity:814"].counts["records_removed"] == 9
    assert await warm.ids() == [1]


async def test_without_the_readers_login_somebody_else_is_asked_for_who_may_see_it(warm: Job) -> None:
    connect = warm.store.connect
    connect.set_records([a_record(1, data="old")])
    for user, scope in ((CHIDI, RecordScope(opportunity_id=901)), (DALIA, SCOPE), (ASHA, SCOPE)):
        await warm.store.records.find_async(user, scope)
    connect.expire(ASHA, refresh=True)
    connect.set_records([a_record(1, data="new")])
    run, parts = await warm.run()
    assert run.parts_failed == 0
    assert parts["opportunity:814"].counts["records_changed"] == 1
    for user in (DALIA, CHIDI):
        connect.expire(user, refresh=True)
    run, parts = await warm.run()
    assert {part.outcome for part in parts.values()} == {RunOutcome.FAILED}
    found = await warm.store.records.find_async(BRIAN, SCOPE)
    assert [one.data for one in found.records] == ["new"], "nothing is lost when nobody can be asked for"


MEMBERSHIPS = "GET /export/opp_org_program_list/"


async def test_logins_that_can_be_refreshed_are_used_first_and_nobody_is_asked_about_needlessly(warm: Job) -> None:
    connect, remote = warm.store.connect, warm.store.remote
    assert remote is not None
    assert remote.tokens is not None
    connect.set_records([a_record(1, data="old")])
    for user, scope in ((CHIDI, RecordScope(opportunity_id=901)), (DALIA, SCOPE), (BRIAN, SCOPE), (ASHA, SCOPE)):
        await warm.store.records.find_async(user, scope)
    entry = replace(await found_in(warm, SCOPE), reader=ASHA)
    remote.tokens.without_refresh = {ASHA, BRIAN}
    assert await in_order(warm, entry) == [DALIA, ASHA, BRIAN]
    assert await in_order(warm, replace(entry, reader=BRIAN)) == [DALIA, BRIAN, ASHA]
    remote.tokens.without_refresh = set()
    assert await in_order(warm, replace(entry, reader=BRIAN)) == [BRIAN, DALIA, ASHA]
    remote.tokens.without_refresh = {BRIAN}
    assert remote.memberships is not None
    for user in (ASHA, BRIAN, CHIDI, DALIA):
        remote.memberships.forget(user)
    connect.calls(forget=True)
    tried = (await logins_of(warm)).who_may_see_async(replace(entry, reader=BRIAN))
    assert await anext(tried) == BRIAN
    assert connect.calls()[MEMBERSHIPS] == 1, "the reader is known to see it; of others that would have to be asked"
    assert [one async for one in tried] == [DALIA, ASHA]
    remote.tokens.without_refresh = set()
    assert set(await in_order(warm, await found_in(warm, NO_SCOPE))) == {ASHA, BRIAN, CHIDI, DALIA}


async def found_in(warm: Job, scope: RecordScope) -> ScopeEntry:
    assert warm.store.ledger is not None
    return await warm.store.ledger.read_async(key_of(scope))


async def logins_of(warm: Job) -> WhoseLogin:
    remote = warm.store.remote
    assert remote is not None
    assert remote.tokens is not None
    assert remote.memberships is not None
    return await WhoseLogin.of_async(remote.tokens, remote.memberships)


async def in_order(warm: Job, entry: ScopeEntry) -> list[str]:
    return [one async for one in (await logins_of(warm)).who_may_see_async(entry)]


async def test_what_nobody_reads_is_left_alone(warm: Job) -> None:
    connect = warm.store.connect
    connect.set_records([a_record(1, public=True), a_record(2, opportunity_id=815)])
    for scope in (SCOPE, NO_SCOPE):
        await warm.store.records.find_async(ASHA, scope)
    warm.clock.move(23 * 3600)
    await warm.store.records.find_async(ASHA, OTHER)
    warm.clock.move(2 * 3600)
    _, parts = await warm.run()
    assert list(parts) == ["opportunity:815"]
    await warm.store.records.find_async(CHIDI, NO_SCOPE)
    _, parts = await warm.run()
    assert set(parts) == {"opportunity:815", "public"}
