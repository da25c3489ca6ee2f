"""The cache beyond the contract: how fresh it is, what a listing does to it, and who is asked how often."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from domain.kernel.errors import UnavailableError
from domain.records.errors import RecordChangedError, RecordNotFoundError, ScopeNotFoundError
from domain.records.values import NO_SCOPE, RecordItem, RecordOrigin, RecordScope
from integration.mongo.driver import MongoDriver
from integration.records.record_log import RecordLog
from integration.records.record_lookup import RecordLookup
from integration.records.record_reader import RecordReader
from integration.records.scope_refresh import ScopeRefresh
from tests.support.cached_records import CachedStore, cached_store, opened_async
from tests.support.connect import RECORDS, ConnectSimulator, a_record
from tests.support.records import change, ids_of, new
from tests.support.tallies import HandClock

ASHA, BRIAN, CHIDI, DALIA = "asha", "brian", "chidi", "dalia"
SCOPE = RecordScope(opportunity_id=814)
LISTED = f"GET {RECORDS}"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest_asyncio.fixture
async def store(driver: MongoDriver, connect: ConnectSimulator, clock: HandClock) -> AsyncIterator[CachedStore]:
    async with cached_store(driver, connect, clock=clock, stale_wait_seconds=0.5) as opened:
        yield opened


def refresh_of(store: CachedStore) -> ScopeRefresh:
    assert store.refresh is not None
    return store.refresh


async def data_of(store: CachedStore, scope: RecordScope = SCOPE, user: str = ASHA) -> list[Any]:
    return [one.data for one in (await store.records.find_async(user, scope)).records]


async def events_of(store: CachedStore) -> list[tuple[str, str, str]]:
    assert store.behind is not None
    assert store.behind.log is not None
    facts, _ = await store.behind.log.store.read_log_async(0, 10_000)
    short = [(one.event.event_type.split(".")[1].rpartition("-")[2], one) for one in facts]
    return [(what, one.event.aggregate_id, str(getattr(one.event, "origin", ""))) for what, one in short]


async def test_a_thousand_readers_of_a_cold_scope_make_one_call(store: CachedStore) -> None:
    store.connect.set_records([a_record(n, data={"n": n}) for n in range(1, 51)])
    store.connect.calls(forget=True)
    found = await asyncio.gather(*(store.records.find_async(ASHA, SCOPE, limit=5) for _ in range(1_000)))
    assert {tuple(ids_of(one.records)) for one in found} == {(1, 2, 3, 4, 5)}
    assert store.connect.calls()[LISTED] == 1


async def test_one_record_says_how_old_it_is_and_since_when_it_is_stale(store: CachedStore, clock: HandClock) -> None:
    store.connect.set_records([a_record(1)])
    await store.records.find_async(ASHA, SCOPE)
    first = clock.now()
    fresh = await store.records.find_one_async(ASHA, 1)
    assert fresh is not None
    assert (fresh.as_of, fresh.stale_since) == (first, None)
    clock.move(301)
    store.connect.set_faults({"kind": "status", "path": RECORDS, "status": 503})
    for scope in (None, SCOPE):
        stale = await store.records.find_one_async(ASHA, 1, scope)
        assert stale is not None
        assert stale.as_of == first
        assert stale.stale_since is not None
    store.connect.set_faults()
    clock.move(6)
    again = await store.records.find_one_async(ASHA, 1)
    assert again is not None
    assert (again.as_of, again.stale_since) == (clock.now(), None)


async def test_a_record_is_answered_from_the_scope_that_is_known_of_it(store: CachedStore) -> None:
    store.connect.set_records([a_record(1, program_id=12)])
    store.connect.set_organizations(ASHA, "lwala", "dimagi")
    program = RecordScope(program_id=12)
    await store.records.find_async(ASHA, program)
    store.connect.calls(forget=True)
    found = await store.records.find_one_async(ASHA, 1)
    assert found is not None
    assert found.stale_since is None
    assert LISTED not in store.connect.calls(), "its opportunity was never fetched, and need not be"
    store.connect.set_faults({"kind": "status", "path": RECORDS, "status": 503})
    assert await store.records.find_one_async(ASHA, 1) is not None


async def test_an_unknown_id_is_looked_for_until_it_is_found(store: CachedStore, clock: HandClock) -> None:
    assert store.behind is not None
    assert store.behind.driver is not None
    assert store.behind.log is not None
    assert store.behind.host is not None
    assert store.remote is not None
    assert store.remote.memberships is not None
    store.connect.set_records([a_record(1, opportunity_id=None, organization_id=7)])
    log = RecordLog(store.behind.driver, store.behind.log.store, clock)
    reader = RecordReader(store.behind.driver, store.behind.host.watch, log)
    lookup = RecordLookup(reader, refresh_of(store), store.remote.memberships, at_once=1)
    store.connect.calls(forget=True)
    found = await lookup.find_one_async(ASHA, 1)
    assert found is not None
    assert found.as_of == clock.now()
    assert store.connect.calls()[LISTED] == 2, (
        "what is public and the organisation; its opportunities need not be asked"
    )


async def test_caches_of_several_processes_make_one_call(store: CachedStore, clock: HandClock) -> None:
    store.connect.set_records([a_record(1)])
    assert store.behind is not None
    assert store.remote is not None
    store.connect.set_faults({"kind": "latency", "path": RECORDS, "seconds": 0.3})
    others = [await opened_async(store.behind, store.remote, clock) for _ in range(4)]
    store.connect.calls(forget=True)
    found = await asyncio.gather(*(one.records.find_async(ASHA, SCOPE) for one in [store, *others] for _ in range(20)))
    assert {tuple(ids_of(one.records)) for one in found} == {(1,)}
    assert store.connect.calls()[LISTED] == 1


async def test_an_answer_counts_for_its_time_and_no_longer(store: CachedStore, clock: HandClock) -> None:
    store.connect.set_records([a_record(1, data=1)])
    first = await store.records.find_async(ASHA, SCOPE)
    assert (first.as_of, first.stale_since) == (clock.now(), None)
    store.connect.set_records([a_record(1, data=2)])
    clock.move(299)
    assert await data_of(store) == [1]
    clock.move(2)
    assert await data_of(store) == [2]


async def test_what_changed_there_becomes_events_and_the_rest_costs_none(store: CachedStore, clock: HandClock) -> None:
    store.connect.set_records([a_record(n, data=n) for n in range(1, 11)])
    await data_of(store)
    assert len(await events_of(store)) == 10
    clock.move(301)
    taken = (await refresh_of(store).refresh_async(ASHA, "opportunity:814")).taken
    assert taken is None, "the same bytes are not read again"
    kept = [a_record(n, data=n) for n in range(1, 9)]
    store.connect.set_records([*kept, a_record(9, data="changed"), a_record(11, data=11)])
    taken = (await refresh_of(store).refresh_async(ASHA, "opportunity:814")).taken
    assert taken is not None
    assert (taken.created, taken.changed, taken.removed) == ([11], [9], [10])
    assert sorted((await events_of(store))[10:]) == [
        ("changed", "9", "remote"),
        ("created", "11", "remote"),
        ("removed", "10", "remote"),
    ]


async def test_a_big_drop_waits_for_a_second_listing(store: CachedStore) -> None:
    store.connect.set_records([a_record(n, data=n) for n in range(1, 11)])
    await data_of(store)
    store.connect.set_records([a_record(1, data=1)])
    taken = (await refresh_of(store).refresh_async(ASHA, "opportunity:814")).taken
    assert taken is not None
    assert taken.held == frozenset(range(2, 11))
    assert len(await data_of(store)) == 10
    await refresh_of(store).refresh_async(ASHA, "opportunity:814")
    assert await data_of(store) == [1]


async def test_a_record_that_moved_was_not_removed(store: CachedStore) -> None:
    store.connect.set_records([a_record(1), a_record(2)])
    await data_of(store)
    other = next(
        one["id"]
        for one in store.connect.export("GET", "opp_org_program_list/", ASHA).json()["opportunities"]
        if one["id"] != 814
    )
    store.connect.set_records([a_record(1), a_record(2, opportunity_id=other)])
    await refresh_of(store).refresh_async(ASHA, "opportunity:814")
    assert [what for what, record_id, _ in await events_of(store) if record_id == "2"] == ["created", "changed"]
    assert ids_of((await store.records.find_async(ASHA, RecordScope(opportunity_id=other))).records) == [2]
    assert ids_of((await store.records.find_async(ASHA, SCOPE)).records) == [1]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "truncated"},
        {"kind": "html"},
        {"kind": "wrong_json", "body": '{"detail": "no"}'},
        {"kind": "wrong_json", "body": '[{"id": 1}, 5]'},
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 500},
        {"kind": "drop_midway"},
        {"kind": "empty_listing"},
        {"kind": "half_listing"},
    ],
    ids=lambda fault: f"{fault['kind']} {fault.get('status', fault.get('body', ''))}",
)
async def test_a_lying_answer_removes_nothing(store: CachedStore, clock: HandClock, fault: dict[str, Any]) -> None:
    store.connect.set_records([a_record(n, data=n) for n in range(1, 14)])
    assert len(await data_of(store)) == 13
    store.connect.set_faults({"path": RECORDS, **fault})
    clock.move(301)
    found = await store.records.find_async(ASHA, SCOPE)
    assert len(found.records) == 13
    if "listing" not in fault["kind"]:
        assert found.stale_since is not None
        assert found.as_of is not None
        assert found.as_of < clock.now()
    store.connect.set_faults()
    clock.move(301)
    assert (await store.records.find_async(ASHA, SCOPE)).stale_since is None
    assert len(await events_of(store)) == 13


async def test_an_entry_that_cannot_be_kept_hides_no_other(store: CachedStore) -> None:
    deep: Any = "x"
    for _ in range(70):
        deep = [deep]
    store.connect.set_records([a_record(1, data=1), a_record(2, data=2)])
    await data_of(store)
    store.connect.set_records([a_record(1, data="new"), a_record(3, data=deep)])
    await refresh_of(store).refresh_async(ASHA, "opportunity:814")
    assert await data_of(store) == ["new", 2], "2 may be what could not be read"


async def test_a_listing_older_than_a_write_does_not_undo_it(store: CachedStore) -> None:
    records = await store.records.write_async(ASHA, [new(SCOPE, data=n) for n in range(3)])
    await data_of(store)
    assert store.cache is not None
    assert store.behind is not None
    assert store.behind.log is not None
    from integration.records.remote_listing import RemoteListings

    assert store.remote is not None
    assert store.remote.api is not None
    since = await store.cache.position_async()
    old = (await RemoteListings(store.remote.api, store.remote.memberships).fetch_async(ASHA, SCOPE)).read()
    await store.records.update_async(ASHA, change(records[0].id, data="written"))
    await store.records.remove_async(ASHA, [records[1].id])
    added = await store.records.add_async(ASHA, new(SCOPE, data="added"))
    taken = await store.cache.take_over_async(ASHA, SCOPE, old, since=since, held=frozenset())
    assert not taken.agrees
    found = (await store.records.find_async(ASHA, SCOPE)).records
    assert [(one.id, one.data) for one in found] == [
        (records[0].id, "written"),
        (records[2].id, 2),
        (added.id, "added"),
    ]


async def test_fetches_and_writes_at_once_end_in_what_the_remote_has(store: CachedStore) -> None:
    records = await store.records.write_async(ASHA, [new(SCOPE, data=0) for _ in range(5)])
    stop = asyncio.Event()

    async def fetch() -> None:
        while not stop.is_set():
            await refresh_of(store).refresh_async(ASHA, "opportunity:814")

    async def write(number: int) -> None:
        for value in range(8):
            await store.records.update_async(ASHA, change(records[number].id, data=[number, value]))
            here = await store.records.get_async(ASHA, records[number].id)
            assert here is not None
            assert here.data == [number, value], "whoever wrote sees it"

    fetching = asyncio.create_task(fetch())
    await asyncio.gather(*(write(number) for number in range(5)))
    stop.set()
    await fetching
    assert await data_of(store) == [[n, 7] for n in range(5)]
    told = [origin for _, _, origin in await events_of(store)]
    assert told == [RecordOrigin.HERE] * 45, "each is told once, as done here"
    await refresh_of(store).refresh_async(ASHA, "opportunity:814")
    assert len(await events_of(store)) == 45


async def test_a_write_that_the_cache_was_not_told_of_comes_with_the_next_fetch(store: CachedStore) -> None:
    [record] = await store.records.write_async(ASHA, [new(SCOPE, data=0)])
    await data_of(store)
    assert store.remote is not None
    await store.remote.records.update_async(ASHA, change(record.id, data="unheard of"))
    refresh_of(store).is_behind("opportunity:814")
    assert await data_of(store) == ["unheard of"]


async def test_a_conflict_teaches_the_cache(store: CachedStore) -> None:
    [record] = await store.records.write_async(ASHA, [new(SCOPE, data=0)])
    await data_of(store)
    assert store.remote is not None
    theirs = await store.remote.records.update_async(ASHA, change(record.id, data="theirs"))
    with pytest.raises(RecordChangedError):
        await store.records.update_async(ASHA, change(record.id, record, data="mine"))
    assert await store.records.get_async(ASHA, record.id) == theirs
    assert (await store.records.update_async(ASHA, change(record.id, theirs, data="mine"))).data == "mine"


async def test_who_does_not_say_what_they_read_has_read_the_cache(store: CachedStore) -> None:
    [record] = await store.records.write_async(ASHA, [new(SCOPE, data=0)])
    await data_of(store)
    assert store.remote is not None
    theirs = await store.remote.records.update_async(ASHA, change(record.id, data="theirs"))
    with pytest.raises(RecordChangedError, match=f"record {record.id} was changed"):
        await store.records.write_async(ASHA, [new(SCOPE, data="new"), change(record.id, data="mine")])
    assert await data_of(store) == ["theirs"]
    assert await store.records.get_async(ASHA, record.id) == theirs
    assert (await store.records.update_async(ASHA, change(record.id, data="mine"))).data == "mine"
    await store.remote.records.remove_async(ASHA, [record.id])
    with pytest.raises(RecordNotFoundError):
        await store.records.update_async(ASHA, change(record.id, data="again"))


async def test_what_is_not_in_the_cache_is_expected_as_it_is(store: CachedStore) -> None:
    store.connect.set_records([a_record(1, data=1)])
    assert (await store.records.update_async(ASHA, change(1, data="mine"))).data == "mine"


async def test_a_write_of_another_process_is_no_conflict(store: CachedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    [record] = await store.records.write_async(ASHA, [new(SCOPE, data=0)])
    other = await store.another_async()
    assert store.behind is not None
    assert store.behind.host is not None
    first = await store.records.update_async(ASHA, change(record.id, data=1))
    # The other's read model is as it was before that.
    old = {record.id: (1, record)}

    async def versions_async(_reader: RecordReader, _ids: object) -> dict[int, Any]:
        return dict(old)

    monkeypatch.setattr(RecordReader, "versions_async", versions_async)
    assert (await other.update_async(ASHA, change(record.id, data=2))).data == 2
    with pytest.raises(RecordChangedError):
        await other.update_async(ASHA, change(record.id, first, data=3))


@pytest.mark.parametrize("kind", ["html", "wrong_json"])
async def test_a_removal_that_is_answered_with_something_is_not_believed(store: CachedStore, kind: str) -> None:
    record = await store.records.add_async(ASHA, new(SCOPE, data=1))
    assert await data_of(store) == [1]
    store.connect.set_faults({"kind": kind, "path": RECORDS, "method": "DELETE", "times": 1})
    with pytest.raises(UnavailableError):
        await store.records.remove_async(ASHA, [record.id])
    assert await data_of(store) == [1]
    assert len(store.connect.records()) == 1


async def test_while_the_remote_is_dead_reads_go_on_and_writes_do_not(
    driver: MongoDriver, connect_factory: Any
) -> None:
    clock = HandClock()
    connect = connect_factory()
    connect.set_records([a_record(1, data=1), a_record(2, public=True, opportunity_id=None)])
    async with cached_store(driver, connect, clock=clock, stale_wait_seconds=0.5) as store:
        assert await data_of(store) == [1]
        assert len(await data_of(store, NO_SCOPE)) == 1
        connect.stop()
        at = clock.now()
        clock.move(301)
        for scope in (SCOPE, NO_SCOPE):
            found = await store.records.find_async(ASHA, scope)
            assert len(found.records) == 1
            assert (found.as_of, found.stale_since) == (at, clock.now())
        record = await store.records.get_async(ASHA, 1)
        assert record is not None
        with pytest.raises(UnavailableError):
            await store.records.find_async(ASHA, RecordScope(organization_id=7))
        with pytest.raises(UnavailableError):
            await store.records.add_async(ASHA, new(SCOPE))
        with pytest.raises(UnavailableError):
            await store.records.get_async(ASHA, 77_777)
        assert await data_of(store) == [1]


async def test_a_slow_remote_keeps_nobody_waiting_who_can_be_answered(store: CachedStore, clock: HandClock) -> None:
    store.connect.set_records([a_record(1, data=1)])
    await data_of(store)
    store.connect.set_records([a_record(1, data=2)])
    store.connect.set_faults({"kind": "latency", "path": RECORDS, "seconds": 2.0})
    clock.move(301)
    found = await store.records.find_async(ASHA, SCOPE)
    assert [one.data for one in found.records] == [1], "what the remote says in two seconds was not waited for"
    assert found.stale_since is not None
    await refresh_of(store).stop_async()
    assert await data_of(store) == [2], "the fetch went on by itself"


async def test_strangers_never_see_each_other_in_the_cache(store: CachedStore) -> None:
    told = store.connect.export("GET", "opp_org_program_list/", CHIDI).json()
    theirs = RecordScope(opportunity_id=told["opportunities"][0]["id"])
    mine = await store.records.add_async(ASHA, new(SCOPE, data="asha's"))
    other = await store.records.add_async(CHIDI, new(theirs, data="chidi's"))
    assert await data_of(store) == ["asha's"]
    assert await data_of(store, theirs, CHIDI) == ["chidi's"]
    for user, scope, foreign in ((CHIDI, SCOPE, mine), (ASHA, theirs, other)):
        with pytest.raises(ScopeNotFoundError):
            await store.records.find_async(user, scope)
        assert await store.records.get_async(user, foreign.id) is None
        assert await store.records.get_async(user, foreign.id, scope) is None
        assert await store.records.get_async(user, foreign.id, NO_SCOPE) is None
        assert await data_of(store, NO_SCOPE, user) == []
        with pytest.raises(Exception, match="there is no record"):
            await store.records.write_async(user, [RecordItem(foreign.id, {"data": "mine"})])


async def test_who_was_taken_out_of_a_scope_sees_nothing_of_it_from_then_on(
    store: CachedStore, clock: HandClock
) -> None:
    store.connect.set_records([a_record(1, data=1), a_record(2, data=2, public=True)])
    assert await data_of(store) == [1, 2]
    record = await store.records.get_async(ASHA, 1)
    store.connect.set_organizations(ASHA, "reach")
    clock.move(301)
    assert await store.records.get_async(ASHA, 1) is None, "Connect says so when it is asked for the scope"
    with pytest.raises(ScopeNotFoundError):
        await store.records.find_async(ASHA, SCOPE)
    public = await store.records.get_async(ASHA, 2)
    assert public is not None
    for expected in (None, record):
        with pytest.raises(RecordNotFoundError):
            await store.records.update_async(ASHA, change(1, expected, data="mine"))
        with pytest.raises(RecordNotFoundError):
            await store.records.remove_async(ASHA, [1], expected=expected)
    assert [one["data"] for one in store.connect.records()] == [1, 2]
    store.connect.set_organizations(ASHA, "lwala")
    assert store.remote is not None
    assert store.remote.memberships is not None
    store.remote.memberships.forget(ASHA)
    assert await data_of(store) == [1, 2]


async def test_a_write_notices_first_that_somebody_was_taken_out(store: CachedStore) -> None:
    store.connect.set_records([a_record(1, data=1)])
    assert await data_of(store) == [1]
    record = await store.records.get_async(ASHA, 1)
    store.connect.set_organizations(ASHA, "reach")
    with pytest.raises(RecordNotFoundError):
        await store.records.update_async(ASHA, change(1, record, data="mine"))
    assert await store.records.get_async(ASHA, 1) is None
    with pytest.raises(ScopeNotFoundError):
        await store.records.find_async(ASHA, SCOPE)


async def test_who_lost_membership_does_not_spoil_the_fetch_for_others(store: CachedStore, clock: HandClock) -> None:
    store.connect.set_records([a_record(1, data=1)])
    assert await data_of(store, user=DALIA) == [1]
    store.connect.set_organizations(DALIA, "reach")
    clock.move(301)
    answers = await asyncio.gather(
        *(store.records.find_async(user, SCOPE) for user in (DALIA, ASHA, ASHA)), return_exceptions=True
    )
    assert isinstance(answers[0], ScopeNotFoundError) or not isinstance(answers[0], BaseException)
    assert not any(isinstance(one, BaseException) for one in answers[1:])
