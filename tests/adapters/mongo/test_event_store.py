"""The event store on both drivers: what it keeps, what it refuses, and what it answers twice."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import pytest_asyncio
from neuroglia.data.exceptions import OptimisticConcurrencyException
from neuroglia.data.infrastructure.event_sourcing.abstractions import EventDescriptor, StreamReadDirection

from application.kernel.request_context import RequestContext, acting_as
from domain.kernel.errors import UndecodableEventError
from integration.mongo.driver import MongoDriver
from integration.mongo.events import commits as limits
from integration.mongo.events.commits import (
    CommandReusedError,
    Commit,
    CommitTooLargeError,
    EventNotStorableError,
    EventStoreBusyError,
)
from integration.mongo.events.event_store import EmptyCommitError, MongoEventStore, StreamGapError
from integration.mongo.events.group_commit import GroupCommit
from tests.support.tallies import (
    LOG,
    NOON,
    HandClock,
    TallyOpenedDomainEvent,
    counted,
    holes,
    raw_commits,
    tally_store,
    version_faults,
)

pytestmark = pytest.mark.parametrize("driver_name", ["motor", "pymongo"], indirect=True)
STREAM = "tally-a"


@pytest_asyncio.fixture
async def store(driver: MongoDriver) -> AsyncIterator[MongoEventStore]:
    store = tally_store(driver)
    await store.prepare_async()
    yield store
    await store.close_async()


async def fill(store: MongoEventStore, stream: str = STREAM, sizes: tuple[int, ...] = (1, 3, 2)) -> None:
    head = 0
    for size in sizes:
        events = [counted(stream, head + i + 1, at=NOON + timedelta(minutes=head + i)) for i in range(size)]
        await store.commit_async(stream, events, head)
        head += size


async def versions(store: MongoEventStore, **how: Any) -> list[int]:
    return [fact.event.aggregate_version for fact in await store.read_stream_async(STREAM, **how)]


async def test_a_stream_is_read_forwards_backwards_and_in_part(store: MongoEventStore) -> None:
    await fill(store)
    assert await versions(store) == [1, 2, 3, 4, 5, 6]
    assert await versions(store, backwards=True) == [6, 5, 4, 3, 2, 1]
    assert await versions(store, after=2) == [3, 4, 5, 6], "the commit of versions 2 to 4 is cut"
    assert await versions(store, after=3, backwards=True) == [3, 2, 1]
    assert await versions(store, limit=2) == [1, 2]
    assert await versions(store, after=1, limit=4) == [2, 3, 4, 5]
    assert await versions(store, backwards=True, limit=3) == [6, 5, 4]
    assert await versions(store, after=6) == []
    assert await store.read_stream_async("tally-unknown") == []


async def test_a_limit_counts_what_happened_before_a_time(store: MongoEventStore) -> None:
    await fill(store, sizes=(1, 1, 1, 1))
    until = NOON + timedelta(minutes=1)
    assert await versions(store, until=until) == [1, 2]
    assert await versions(store, until=until, backwards=True, limit=1) == [2]
    assert await versions(store, until=NOON - timedelta(seconds=1)) == []


async def test_neuroglias_port_reads_and_appends(store: MongoEventStore) -> None:
    await store.append_async(STREAM, [EventDescriptor("t", counted(STREAM, 1))], None)
    await store.append_async(STREAM, [EventDescriptor("t", counted(STREAM, 2))], 1)
    with pytest.raises(OptimisticConcurrencyException):
        await store.append_async(STREAM, [EventDescriptor("t", counted(STREAM, 1))], None)
    records = await store.read_async(STREAM, StreamReadDirection.BACKWARDS, 0, 1)
    assert [record.offset for record in records] == [2]
    described = await store.get_async(STREAM)
    assert described is not None
    assert described.length == 2
    assert await store.contains_async(STREAM)
    assert not await store.contains_async("tally-unknown")


async def test_another_version_than_expected_is_a_conflict(store: MongoEventStore) -> None:
    await fill(store, sizes=(2,))
    for expected in (0, 1):
        with pytest.raises(OptimisticConcurrencyException):
            await store.commit_async(STREAM, [counted(STREAM, expected + 1)], expected)
    assert await store.commit_async(STREAM, [counted(STREAM, 3)], 2) == (2, 3)


async def test_a_gap_is_refused(store: MongoEventStore, driver: MongoDriver) -> None:
    await fill(store, sizes=(1,))
    with pytest.raises(StreamGapError):
        await store.commit_async(STREAM, [counted(STREAM, 4)], 3)
    with pytest.raises(StreamGapError):
        await store.commit_async("tally-new", [counted("tally-new", 2)], 1)
    assert len(await raw_commits(driver)) == 1


async def test_sixteen_writers_on_one_stream_lose_nothing(store: MongoEventStore, driver: MongoDriver) -> None:
    conflicts = 0

    async def writer(number: int) -> None:
        nonlocal conflicts
        done = 0
        while done < 10:
            head = len(await store.load_events_async(STREAM))
            try:
                await store.commit_async(STREAM, [counted(STREAM, head + 1, number * 100 + done)], head)
                done += 1
            except OptimisticConcurrencyException:
                conflicts += 1

    await asyncio.gather(*(writer(number) for number in range(16)))
    numbers = [fact.event.number for fact in await store.read_stream_async(STREAM)]  # type: ignore[attr-defined]
    commits = await raw_commits(driver)
    print(f"acked=160 stored={len(numbers)} conflicts={conflicts} holes={holes(commits)}")
    assert sorted(numbers) == sorted(number * 100 + done for number in range(16) for done in range(10))
    assert holes(commits) == version_faults(commits) == 0


async def test_random_appends_with_conflicts_leave_no_hole(store: MongoEventStore, driver: MongoDriver) -> None:
    dice = random.Random(20260301)
    second = tally_store(driver)
    heads: dict[str, int] = {}
    acked: list[tuple[str, int]] = []

    async def append(number: int) -> None:
        writer = dice.choice((store, second))
        stream = f"tally-{dice.randrange(12)}"
        expected = max(0, heads.get(stream, 0) - dice.choice((0, 0, 0, 1)))
        size = dice.randrange(1, 4)
        events = [counted(stream, expected + i + 1, number) for i in range(size)]
        await asyncio.sleep(dice.random() / 50)
        try:
            _, head = await writer.commit_async(stream, events, expected)
        except OptimisticConcurrencyException:
            return
        heads[stream] = max(heads.get(stream, 0), head)
        acked.append((stream, head))

    for _ in range(4):
        await asyncio.gather(*(append(number) for number in range(50)))
    await second.close_async()
    commits = await raw_commits(driver)
    assert {(commit["s"], commit["v"]) for commit in commits} == set(acked)
    assert len(commits) == len(acked) < 200
    assert holes(commits) == version_faults(commits) == 0


async def test_a_retried_command_gets_its_first_answer(store: MongoEventStore, driver: MongoDriver) -> None:
    first = await store.commit_async(STREAM, [counted(STREAM, 1)], 0, "c1")
    await store.commit_async(STREAM, [counted(STREAM, 2)], 1, "c2")
    again = await store.commit_async(STREAM, [counted(STREAM, 1)], 0, "c1")
    other_batch = await store.commit_async(STREAM, [counted(STREAM, 1, 7), counted(STREAM, 2, 7)], 0, "c1")
    later_head = await store.commit_async(STREAM, [counted(STREAM, 3, 9)], 2, "c1")
    assert first == again == other_batch == later_head == (1, 1)
    assert len(await raw_commits(driver)) == 2


async def test_a_command_retried_at_the_same_time_is_stored_once(store: MongoEventStore, driver: MongoDriver) -> None:
    second = tally_store(driver)
    answers = await asyncio.gather(
        *(one.commit_async(STREAM, [counted(STREAM, 1)], 0, "c1") for one in (store, second) for _ in range(8))
    )
    await second.close_async()
    assert set(answers) == {(1, 1)}
    assert len(await raw_commits(driver)) == 1


async def test_a_command_id_of_another_stream_is_refused(store: MongoEventStore, driver: MongoDriver) -> None:
    await store.commit_async(STREAM, [counted(STREAM, 1)], 0, "c1")
    with pytest.raises(CommandReusedError, match="tally-a"):
        await store.commit_async("tally-b", [counted("tally-b", 1)], 0, "c1")
    assert len(await raw_commits(driver)) == 1


async def test_a_request_that_is_sent_again_writes_only_what_is_missing(
    store: MongoEventStore, driver: MongoDriver
) -> None:
    """The first time it died after one of three streams; the second time it has only the others left to write."""
    with acting_as(RequestContext(command_id="k", repeatable=True)):
        await store.commit_async("tally-1", [counted("tally-1", 1)], 0)
    with acting_as(RequestContext(command_id="k", repeatable=True)):
        await store.commit_async("tally-2", [counted("tally-2", 1)], 0)
        await store.commit_async("tally-3", [counted("tally-3", 1)], 0)
    with acting_as(RequestContext(command_id="k", repeatable=True)) as request:
        assert await store.commit_async("tally-1", [counted("tally-1", 1)], 0) == (1, 1)
        assert request.positions == {LOG: 1}
    assert [commit["s"] for commit in await raw_commits(driver)] == ["tally-1", "tally-2", "tally-3"]


async def test_a_commit_is_capped(store: MongoEventStore, driver: MongoDriver) -> None:
    with pytest.raises(EmptyCommitError):
        await store.commit_async(STREAM, [], 0)
    many = [counted(STREAM, i + 1) for i in range(limits.MAX_EVENTS_PER_COMMIT + 1)]
    with pytest.raises(CommitTooLargeError, match="1001 events"):
        await store.commit_async(STREAM, many, 0)
    big = opened("x" * limits.MAX_BYTES_PER_COMMIT)
    with pytest.raises(CommitTooLargeError, match="bytes"):
        await store.commit_async(STREAM, [big], 0)
    assert await raw_commits(driver) == []
    assert await store.commit_async(STREAM, many[:-1], 0) == (1, 1000)


def opened(title: str, extra: Any = None, at: datetime = NOON) -> TallyOpenedDomainEvent:
    return TallyOpenedDomainEvent(
        aggregate_id="a", created_at=at, event_id="a.1", aggregate_version=1, title=title, extra=extra
    )


@pytest.mark.parametrize(
    "extra",
    [
        {"a.b": 1, "$set": {"$inc": 1}, "": "empty", "ünï": None},
        {"iso": "2025-01-01T00:00:00Z", "short": "20250101", "week": "2025-W01-1", "date": "2025-01-01"},
        {"most": 2**63 - 1, "least": -(2**63), "beyond 32 bits": 2**31, "float": 0.1, "whole float": 1.0},
        {"nested": [{"x": [[], {}, [None, True]]}], "text": "tab\t nul-free \u2028 \U0001f9ea"},
        {"bytes": b"\x00\xff"},
    ],
)
async def test_values_are_kept_exactly(store: MongoEventStore, extra: Any) -> None:
    await store.commit_async(STREAM, [opened("2025-01-01T00:00:00Z", extra)], 0)
    (event,) = await store.load_events_async(STREAM)
    assert isinstance(event, TallyOpenedDomainEvent)
    assert event.title == "2025-01-01T00:00:00Z"
    assert event.extra == extra
    for key, value in event.extra.items():
        assert isinstance(value, type(extra[key]))


async def test_great_integers_fit_their_fields(store: MongoEventStore) -> None:
    await store.commit_async(STREAM, [counted(STREAM, 1, 2**62), counted(STREAM, 2, -(2**63))], 0)
    assert [event.number for event in await store.load_events_async(STREAM)] == [2**62, -(2**63)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("extra", ["\ud800", {"\udfff": 1}, 2**63, -(2**63) - 1, {"nul\x00key": 1}])
async def test_what_cannot_be_kept_exactly_is_refused(store: MongoEventStore, driver: MongoDriver, extra: Any) -> None:
    with pytest.raises(EventNotStorableError, match="tally-a"):
        await store.commit_async(STREAM, [opened("t", extra)], 0)
    assert await raw_commits(driver) == []
    assert await store.commit_async(STREAM, [opened("t")], 0) == (1, 1), "the refused commit took no position"


async def test_times_come_back_aware_in_utc_to_the_millisecond(driver: MongoDriver) -> None:
    clock = HandClock(datetime(2026, 3, 1, 13, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=1))))
    store = tally_store(driver, clock)
    await store.prepare_async()
    await store.commit_async(STREAM, [opened("t", at=clock.now())], 0)
    (fact,) = await store.read_stream_async(STREAM)
    await store.close_async()
    assert fact.event.created_at == fact.stored_at == datetime(2026, 3, 1, 12, 0, 0, 999_000, tzinfo=UTC)
    assert fact.event.created_at.utcoffset() == timedelta()


async def test_an_event_that_cannot_be_read_is_named(store: MongoEventStore, driver: MongoDriver) -> None:
    await fill(store)
    log = driver.collection(f"{LOG}_commits")
    await log.update_one({"f": 2}, {"$set": {"e.1.data": {"number": "many"}}})
    with pytest.raises(UndecodableEventError) as caught:
        await store.load_events_async(STREAM)
    error = caught.value
    assert (error.log, error.stream, error.version) == (LOG, STREAM, 3)
    assert error.event_type == "toy.tally-counted.v1"
    assert "number" in str(error)
    await log.update_one({"f": 2}, {"$set": {"e.1.type": "toy.never-heard-of.v1"}})
    with pytest.raises(UndecodableEventError, match=r"never-heard-of.*no class and no upcaster"):
        await store.read_stream_async(STREAM)


async def test_a_corrupt_event_is_told_apart_from_its_neighbours(store: MongoEventStore, driver: MongoDriver) -> None:
    await fill(store)
    await fill(store, "tally-b", (1,))
    log = driver.collection(f"{LOG}_commits")
    good = (await raw_commits(driver))[1]["e"][1]
    spoilt: list[Any] = [
        *({**good, **what} for what in ({"data": None}, {"data": {}}, {"id": 7}, {"at": "yesterday"}, {"type": None})),
        *("not even an object", None),
    ]
    for event in spoilt:
        await log.update_one({"f": 2}, {"$set": {"e.1": event}})
        corrupt: list[Any] = []
        facts, position = await store.read_log_async(0, 10, None, corrupt)
        assert position == 4
        assert [(fact.stream, fact.event.aggregate_version) for fact in facts] == [
            *((STREAM, version) for version in (1, 2, 4, 5, 6)),
            ("tally-b", 1),
        ]
        assert [(one.stream, one.position, one.index) for one in corrupt] == [(STREAM, 2, 1)]
        assert "event 3 of tally-a in log tallies" in corrupt[0].error


async def test_the_log_is_read_by_position_and_type(store: MongoEventStore) -> None:
    await store.commit_async(STREAM, [opened("t"), counted(STREAM, 2)], 0)
    await fill(store, "tally-b", (1, 1))
    facts, position = await store.read_log_async(0, 2)
    assert ([(fact.position, fact.index) for fact in facts], position) == ([(1, 0), (1, 1), (2, 0)], 2)
    facts, position = await store.read_log_async(0, 10, {"toy.tally-opened.v1"})
    assert ([fact.event.event_id for fact in facts], position) == (["a.1"], 3)
    assert await store.read_log_async(3, 10) == ([], 3)
    assert await store.head_async() == 3


async def test_an_erased_stream_is_gone_and_the_log_stays_dense(store: MongoEventStore, driver: MongoDriver) -> None:
    await fill(store)
    await fill(store, "tally-b", (1,))
    await store.delete_async(STREAM)
    await store.delete_async(STREAM)
    await store.delete_async("tally-unknown")
    commits = await raw_commits(driver)
    assert len(commits) == 5
    assert holes(commits) == version_faults(commits) == 0
    assert [commit["e"] for commit in commits[:3]] == [[], [], []]
    assert not await store.contains_async(STREAM)
    facts, _ = await store.read_log_async(0, 10)
    assert [fact.event.event_type for fact in facts] == ["toy.tally-counted.v1", "kernel.stream-deleted.v1"]
    assert facts[-1].event.aggregate_id == "a"
    with pytest.raises(OptimisticConcurrencyException):
        await store.commit_async(STREAM, [counted(STREAM, 1)], 0)


async def test_erasing_that_was_cut_short_is_finished_when_asked_again(
    store: MongoEventStore, driver: MongoDriver
) -> None:
    await fill(store)
    kept = (await raw_commits(driver))[0]["e"]
    await store.delete_async(STREAM)
    await driver.collection(f"{LOG}_commits").update_one({"_id": 1}, {"$set": {"e": kept}})
    await store.delete_async(STREAM)
    commits = await raw_commits(driver)
    assert [len(commit["e"]) for commit in commits] == [0, 0, 0, 1]


async def test_a_stream_with_a_corrupt_event_can_be_erased(store: MongoEventStore, driver: MongoDriver) -> None:
    await fill(store)
    await driver.collection(f"{LOG}_commits").update_one({"f": 2}, {"$set": {"e.0.type": "gone.v1"}})
    await store.delete_async(STREAM)
    assert not await store.contains_async(STREAM)


async def test_a_full_queue_is_told_after_a_while(driver: MongoDriver, store: MongoEventStore) -> None:
    writer = GroupCommit(driver.collection(f"{LOG}_commits"), max_waiting=2, max_wait_seconds=0.05)
    stopped = asyncio.Event()

    async def stall(_commits: Any) -> Any:
        await stopped.wait()
        return 0

    writer._read_tail_async = lambda: stall(None)  # type: ignore[method-assign]  # the database takes its time

    def commit(number: int) -> Commit:
        return Commit(f"tally-{number}", 0, [store.codec.encode(counted(f"tally-{number}", 1))], f"c{number}", {}, NOON)

    waiting = [asyncio.create_task(writer.append_async(commit(number))) for number in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(EventStoreBusyError) as caught:
        await writer.append_async(commit(9))
    assert caught.value.retry_after_seconds > 0
    stopped.set()
    assert sorted(await asyncio.gather(*waiting)) == [(1, 1), (2, 1)]
    assert await writer.append_async(commit(9)) == (3, 1)
    await writer.close_async()


async def test_commands_that_are_repeated_at_once_are_confirmed_together(
    driver: MongoDriver, store: MongoEventStore
) -> None:
    writer = GroupCommit(driver.collection(f"{LOG}_commits"))
    usual, confirmed = writer._confirm_async, 0

    async def confirm(position: int) -> None:
        nonlocal confirmed
        confirmed += 1
        await usual(position)

    writer._confirm_async = confirm  # type: ignore[method-assign]

    def commit(name: str, number: int) -> Commit:
        stream = f"{name}-{number}"
        return Commit(stream, 0, [store.codec.encode(counted(stream, 1))], f"c-{stream}", {}, NOON)

    async def append(*names: str) -> list[tuple[int, int]]:
        return await asyncio.gather(*(writer.append_async(commit(name, n)) for n in range(40) for name in names))

    first = await append("old")
    confirmed = 0
    both = await append("old", "new")
    assert both[::2] == first
    assert [position for position, _ in both[1::2]] == list(range(41, 81))
    assert confirmed == 1, "each takes as long as the journal does"
    await writer.close_async()


async def test_what_waits_is_written_before_the_store_closes(driver: MongoDriver) -> None:
    store = tally_store(driver)
    await store.prepare_async()
    appends = [
        asyncio.create_task(store.commit_async(f"tally-{number}", [counted(f"tally-{number}", 1)], 0))
        for number in range(20)
    ]
    await asyncio.sleep(0)
    await store.close_async()
    assert sorted(position for position, _ in await asyncio.gather(*appends)) == list(range(1, 21))
