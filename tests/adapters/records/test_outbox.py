"""Writes that wait: in order, each as its own user, nothing twice, conflicts parked with both versions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from application.kernel.request_context import RequestContext, acting_as
from application.records.records_outbox import Keep, NothingToResolveError, QueuedState, QueuedWrite
from domain.kernel.clock import SystemClock
from domain.kernel.errors import UnavailableError
from domain.records.errors import InvalidRecordError, RecordNotFoundError, ScopeNotFoundError
from domain.records.values import LabsRecord, RecordItem, RecordScope
from integration.http.retry import RetryPolicy
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.driver import MongoDriver
from integration.records.cached_labs_record_repository import CachedLabsRecordRepository
from integration.records.http_labs_record_repository import HttpLabsRecordRepository
from integration.records.mongo_records_outbox import MongoRecordsOutbox
from integration.records.outbox_delivery import OutboxDelivery
from integration.records.outbox_store import OutboxStore
from tests.support.cached_records import CachedStore, cached_store
from tests.support.connect import RECORDS, ConnectSimulator
from tests.support.records import change, new
from tests.support.tallies import HandClock

ASHA, DALIA, CHIDI = "asha", "dalia", "chidi"
SCOPE = RecordScope(opportunity_id=814)
DEAD: dict[str, Any] = {"kind": "drop_before", "path": "*"}


class Queue:
    """A cache and its outbox; the sender of its own is not running, passes are made by hand."""

    def __init__(self, store: CachedStore, outbox: MongoRecordsOutbox, clock: HandClock) -> None:
        self.store, self.outbox, self.clock = store, outbox, clock

    def dead(self, method: str | None = None, **fault: Any) -> None:
        self.store.connect.set_faults({"kind": "status", "path": RECORDS, "status": 503, "method": method, **fault})

    def back(self) -> None:
        self.store.connect.set_faults()

    async def put(self, username: str, *items: RecordItem, removal: LabsRecord | None = None) -> QueuedWrite:
        removals = [removal.id] if removal is not None else []
        write = await self.outbox.put_async(username, items, removals=removals, expected=removal)
        with acting_as(RequestContext(actor=username)):
            return await self.outbox.send_now_async(write.id)

    async def passed(self) -> None:
        """Let the sender go through the queue until nothing moves any more."""
        await asyncio.sleep(0.1)  # the circuit closes again
        with suppress(UnavailableError):
            await self.outbox.send_all_async()

    async def state(self, write: QueuedWrite) -> QueuedState:
        found = await self.outbox.get_async(write.id)
        assert found is not None
        return found.state

    def data(self) -> list[Any]:
        return [one["data"] for one in self.store.connect.records()]


@asynccontextmanager
async def queue_on(store: CachedStore, clock: HandClock) -> AsyncIterator[Queue]:
    assert store.behind is not None
    assert store.behind.driver is not None
    assert store.remote is not None
    assert isinstance(store.records, CachedLabsRecordRepository)
    assert isinstance(store.remote.records, HttpLabsRecordRepository)
    assert store.remote.memberships is not None
    rows = OutboxStore(store.behind.driver, clock)
    await rows.prepare_async()
    delivery = OutboxDelivery(rows, store.records, store.remote.records, clock)
    outbox = MongoRecordsOutbox(
        rows, delivery, store.remote.memberships, MongoLeases(store.behind.driver), clock, poll_seconds=0.1
    )
    yield Queue(store, outbox, clock)
    await outbox.stop_async()


@pytest_asyncio.fixture
async def queue(driver: MongoDriver, connect: ConnectSimulator) -> AsyncIterator[Queue]:
    clock = HandClock(SystemClock().now())  # the database forgets by its own clock what was sent long ago
    retry = RetryPolicy(attempts=1, base_seconds=0.01, cap_seconds=0.02)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(cached_store(driver, connect, clock=clock, retry=retry))
        for user in (ASHA, DALIA):
            await store.records.find_async(user, SCOPE)
        yield await stack.enter_async_context(queue_on(store, clock))


async def test_a_write_that_can_be_done_now_is_done_now(queue: Queue) -> None:
    write = await queue.put(ASHA, new(SCOPE, data=1))
    assert write.state is QueuedState.SENT
    assert [await queue.store.records.get_async(ASHA, one) for one in write.written] != [None]
    assert queue.data() == [1]


async def test_what_is_refused_at_once_is_not_kept(queue: Queue) -> None:
    record = await queue.store.records.add_async(ASHA, new(SCOPE))
    with pytest.raises(InvalidRecordError):
        await queue.put(ASHA, new(SCOPE, username="nobody-knows-me"))
    with pytest.raises(ScopeNotFoundError):
        await queue.put(CHIDI, new(SCOPE))
    with pytest.raises(RecordNotFoundError):
        await queue.put(CHIDI, change(record.id, record, data="mine"))
    assert await queue.outbox.list_async(None) == []


async def test_queued_writes_go_in_order_once_the_remote_is_back(queue: Queue) -> None:
    record = await queue.store.records.add_async(ASHA, new(SCOPE, data="before"))
    queue.dead()
    writes = [await queue.put(ASHA, new(SCOPE, data=n)) for n in range(5)]
    writes.append(await queue.put(ASHA, change(record.id, record, data="first")))
    writes.append(await queue.put(ASHA, change(record.id, record, data="second")))
    assert {one.state for one in writes} == {QueuedState.WAITING}
    assert [one.id for one in await queue.outbox.list_async(ASHA)] == [one.id for one in writes]
    assert await queue.outbox.list_async(DALIA) == []
    queue.back()
    await queue.passed()
    assert {await queue.state(one) for one in writes} == {QueuedState.SENT}
    assert [one["data"] for one in sorted(queue.store.connect.records(), key=lambda one: one["id"])] == [
        "second", 0, 1, 2, 3, 4,
    ]  # fmt: skip
    found = (await queue.store.records.find_async(ASHA, SCOPE)).records
    assert [one.data for one in found] == ["second", 0, 1, 2, 3, 4], "and the cache knows"


async def test_a_later_write_does_not_overtake_an_earlier_one(queue: Queue) -> None:
    queue.dead()
    await queue.put(ASHA, new(SCOPE, data=1))
    queue.back()
    await asyncio.sleep(0.1)
    second = await queue.put(ASHA, new(SCOPE, data=2))
    assert second.state is QueuedState.SENT
    assert [one["data"] for one in sorted(queue.store.connect.records(), key=lambda one: one["id"])] == [1, 2]


async def test_a_lost_answer_is_looked_for_and_nothing_is_sent_twice(queue: Queue) -> None:
    queue.store.connect.set_faults(
        {"kind": "drop_after", "path": RECORDS, "method": "POST"},
        {"kind": "status", "path": RECORDS, "status": 503, "method": "GET", "after": 2},
    )
    write = await queue.put(ASHA, new(SCOPE, data="once"))
    assert write.state is QueuedState.SENDING
    queue.back()
    await queue.passed()
    assert await queue.state(write) is QueuedState.SENT
    assert queue.data() == ["once"]
    assert [one.data for one in (await queue.store.records.find_async(ASHA, SCOPE)).records] == ["once"]


async def test_a_lost_request_is_sent_again_when_it_cannot_arrive_any_more(queue: Queue) -> None:
    queue.store.connect.set_faults(
        {"kind": "drop_before", "path": RECORDS, "method": "POST"},
        {"kind": "status", "path": RECORDS, "status": 503, "method": "GET", "after": 2},
    )
    write = await queue.put(ASHA, new(SCOPE, data="once"))
    assert write.state is QueuedState.SENDING
    queue.back()
    await queue.passed()
    assert await queue.state(write) is QueuedState.SENDING, "it may still be on its way"
    assert queue.data() == []
    queue.clock.move(4)
    await queue.passed()
    assert await queue.state(write) is QueuedState.SENT
    assert queue.data() == ["once"]


async def test_equal_inserts_are_counted(queue: Queue) -> None:
    await queue.store.records.add_async(ASHA, new(SCOPE, data="equal"))
    queue.dead()
    for user in (ASHA, DALIA, ASHA, DALIA, ASHA):
        await queue.put(user, new(SCOPE, data="equal"))
    queue.back()
    queue.store.connect.set_faults(
        *({"kind": "drop_after", "path": RECORDS, "method": "POST", "times": 1, "after": n} for n in (0, 2)),
    )
    for _ in range(4):
        await queue.passed()
        queue.clock.move(4)
    assert {one.state for one in await queue.outbox.list_async(None)} == {QueuedState.SENT}
    assert queue.data() == ["equal"] * 6
    assert len({one for write in await queue.outbox.list_async(None) for one in write.written}) == 5


@pytest.mark.parametrize("keep", [Keep.MINE, Keep.THEIRS])
async def test_a_conflict_is_parked_with_both_versions(queue: Queue, keep: Keep) -> None:
    record = await queue.store.records.add_async(ASHA, new(SCOPE, data="before"))
    other = await queue.store.records.add_async(ASHA, new(SCOPE, data="other"))
    queue.dead()
    write = await queue.put(ASHA, change(record.id, record, data="mine"))
    behind = await queue.put(ASHA, change(record.id, record, data="mine too"))
    free = await queue.put(ASHA, change(other.id, other, data="free"))
    queue.back()
    await asyncio.sleep(0.1)
    assert queue.store.remote is not None
    theirs = await queue.store.remote.records.update_async(DALIA, change(record.id, data="theirs"))
    await queue.passed()
    assert await queue.state(write) is QueuedState.CONFLICT
    assert await queue.state(behind) is QueuedState.WAITING, "what is about the same record waits for the choice"
    assert await queue.state(free) is QueuedState.SENT
    parked = await queue.outbox.get_async(write.id)
    assert parked is not None
    assert (parked.conflict_id, parked.theirs) == (record.id, theirs)
    await queue.outbox.resolve_async(write.id, keep)
    with pytest.raises(NothingToResolveError):
        await queue.outbox.resolve_async(write.id, keep)
    await queue.passed()
    if keep is Keep.MINE:
        assert await queue.state(write) is QueuedState.SENT
        assert await queue.state(behind) is QueuedState.SENT
        assert sorted(queue.data()) == ["free", "mine too"]
    else:
        assert await queue.state(write) is QueuedState.DROPPED
        assert await queue.state(behind) is QueuedState.CONFLICT, "it was about what is not there either"
        assert sorted(queue.data()) == ["free", "theirs"]


async def test_whoever_keeps_their_own_version_of_a_task_keeps_what_happened_to_it_meanwhile(queue: Queue) -> None:
    first, mine, theirs = ({"event_type": "comment", "description": one} for one in ("first", "mine", "theirs"))
    record = await queue.store.records.add_async(ASHA, new(SCOPE, data={"status": "closed", "events": [first]}))
    queue.dead()
    write = await queue.put(ASHA, change(record.id, record, data={"status": "mine", "events": [first, mine]}))
    queue.back()
    await asyncio.sleep(0.1)
    assert queue.store.remote is not None
    await queue.store.remote.records.update_async(DALIA, change(record.id, data={"events": [first, theirs]}))
    await queue.passed()
    assert await queue.state(write) is QueuedState.CONFLICT
    await queue.outbox.resolve_async(write.id, Keep.MINE)
    await queue.passed()
    assert await queue.state(write) is QueuedState.SENT
    assert queue.data() == [{"status": "mine", "events": [first, theirs, mine]}]


async def test_what_was_removed_meanwhile_is_made_anew_or_given_up(queue: Queue) -> None:
    records = await queue.store.records.write_async(ASHA, [new(SCOPE, data="a"), new(SCOPE, data="b")])
    queue.dead()
    writes = [await queue.put(ASHA, change(one.id, one, data="mine")) for one in records]
    removal = await queue.put(ASHA, removal=records[0])
    queue.back()
    queue.store.connect.set_records([])
    await queue.passed()
    assert [await queue.state(one) for one in writes] == [QueuedState.CONFLICT] * 2
    await queue.outbox.resolve_async(writes[0].id, Keep.THEIRS)
    await queue.outbox.resolve_async(writes[1].id, Keep.MINE)
    await queue.passed()
    assert await queue.state(removal) is QueuedState.SENT, "gone is gone"
    assert await queue.state(writes[1]) is QueuedState.SENT
    assert queue.data() == ["mine"]


async def test_removals_wait_too(queue: Queue) -> None:
    keep, gone = await queue.store.records.write_async(ASHA, [new(SCOPE, data="a"), new(SCOPE, data="b")])
    queue.dead()
    assert (await queue.put(ASHA, removal=gone)).state is QueuedState.WAITING
    queue.back()
    await queue.passed()
    assert queue.data() == ["a"]
    assert (await queue.store.records.find_async(ASHA, SCOPE)).records == (keep,)


async def test_a_removal_whose_answer_was_lost_is_done(queue: Queue) -> None:
    [gone] = await queue.store.records.write_async(ASHA, [new(SCOPE, data="a")])
    queue.store.connect.set_faults(
        {"kind": "drop_after", "path": RECORDS, "method": "DELETE"},
        {"kind": "status", "path": RECORDS, "status": 503, "method": "GET", "after": 1},
    )
    write = await queue.put(ASHA, removal=gone)
    assert write.state is QueuedState.SENDING
    queue.back()
    await queue.passed()
    assert await queue.state(write) is QueuedState.SENT
    assert queue.data() == []
    assert (await queue.store.records.find_async(ASHA, SCOPE)).records == ()


async def test_without_a_login_only_that_persons_writes_wait(queue: Queue) -> None:
    queue.dead()
    mine = await queue.put(ASHA, new(SCOPE, data="asha's"))
    theirs = await queue.put(DALIA, new(SCOPE, data="dalia's"))
    queue.back()
    queue.store.connect.expire(ASHA, refresh=True)
    await queue.passed()
    assert await queue.state(mine) is QueuedState.WAITING
    assert await queue.state(theirs) is QueuedState.SENT
    assert queue.store.remote is not None
    assert queue.store.remote.tokens is not None
    queue.store.remote.tokens.log_in(ASHA)
    await queue.passed()
    assert await queue.state(mine) is QueuedState.SENT
    assert sorted(queue.data()) == ["asha's", "dalia's"]


async def test_a_token_that_expires_in_the_middle_is_refreshed(queue: Queue) -> None:
    queue.dead()
    for n in range(6):
        await queue.put(ASHA, new(SCOPE, data=n))
    queue.back()
    queue.store.connect.set_faults({"kind": "token_expires", "path": RECORDS, "method": "POST", "after": 2, "times": 1})
    await queue.passed()
    assert sorted(queue.data()) == list(range(6))


async def test_the_sender_sends_by_itself_and_outlives_a_flapping_remote(queue: Queue) -> None:
    queue.dead()
    for n in range(12):
        await queue.put((ASHA, DALIA)[n % 2], new(SCOPE, data=n))
    queue.store.connect.set_faults(
        {"kind": "status", "path": RECORDS, "status": 503, "method": "GET", "after": 3, "times": 2},
        {"kind": "drop_before", "path": RECORDS, "method": "POST", "after": 4, "times": 1},
        {"kind": "drop_after", "path": RECORDS, "method": "POST", "after": 6, "times": 1},
    )
    await queue.outbox.start_async()
    async with asyncio.timeout(40):
        while len(queue.data()) < 12 or any(
            one.state is not QueuedState.SENT for one in await queue.outbox.list_async(None)
        ):
            queue.clock.move(1)
            await asyncio.sleep(0.1)
    assert sorted(queue.data()) == list(range(12))
    own = [one["data"] for one in sorted(queue.store.connect.records(), key=lambda one: one["id"])]
    assert [n for n in own if n % 2 == 0] == list(range(0, 12, 2))
    assert [n for n in own if n % 2 == 1] == list(range(1, 12, 2))


async def test_what_was_decided_without_an_earlier_write_does_not_undo_it(queue: Queue) -> None:
    record = await queue.store.records.add_async(ASHA, new(SCOPE, data=["created"]))
    queue.dead()
    first = await queue.outbox.put_async(
        ASHA, [change(record.id, record, data=["created", "a"])], builds_on_queued=True
    )
    knew = replace(record, data=["created", "a"])
    second = await queue.outbox.put_async(
        ASHA, [change(record.id, knew, data=["created", "a", "b"])], builds_on_queued=True
    )
    unseen = await queue.outbox.put_async(
        ASHA, [change(record.id, record, data=["created", "c"])], builds_on_queued=True
    )
    waiting = await queue.outbox.unsettled_async(ASHA, record.id)
    assert [one.id for one in waiting] == [first.id, second.id, unseen.id]
    assert await queue.outbox.unsettled_async(DALIA, record.id) == []
    queue.back()
    await queue.passed()
    states = [await queue.state(one) for one in (first, second, unseen)]
    assert states == [QueuedState.SENT, QueuedState.SENT, QueuedState.CONFLICT]
    assert queue.data() == [["created", "a", "b"]]


async def test_several_removals_whose_answer_was_lost_are_done(queue: Queue) -> None:
    gone = await queue.store.records.write_async(ASHA, [new(SCOPE, data=n) for n in range(3)])
    queue.store.connect.set_faults(
        {"kind": "drop_after", "path": RECORDS, "method": "DELETE"},
        {"kind": "status", "path": RECORDS, "status": 503, "method": "GET", "after": 1},
    )
    write = await queue.outbox.put_async(ASHA, removals=[one.id for one in gone])
    with acting_as(RequestContext(actor=ASHA)):
        write = await queue.outbox.send_now_async(write.id)
    assert write.state is QueuedState.SENDING
    queue.back()
    await queue.passed()
    assert await queue.state(write) is QueuedState.SENT
    assert queue.data() == []


async def test_an_error_that_passes_lets_a_write_wait(queue: Queue) -> None:
    broken = {"kind": "status", "path": RECORDS, "status": 500, "method": "POST", "times": 2}
    queue.store.connect.set_faults(broken)
    write = await queue.put(ASHA, new(SCOPE, data="kept"))
    assert write.state is QueuedState.WAITING
    await queue.passed()
    assert await queue.state(write) is QueuedState.WAITING
    await queue.passed()
    assert await queue.state(write) is QueuedState.SENT
    assert queue.data() == ["kept"]


async def test_an_error_that_stays_ends_in_a_refusal_however_often_an_outage_came_before(queue: Queue) -> None:
    record = await queue.store.records.add_async(ASHA, new(SCOPE, data="before"))
    queue.dead("POST")
    write = await queue.put(ASHA, change(record.id, record, data="mine"))
    behind = await queue.put(ASHA, new(SCOPE, data="behind"))
    for _ in range(5):
        await queue.passed()
    queue.store.connect.set_faults({"kind": "status", "path": RECORDS, "status": 500, "method": "POST", "times": 5})
    for _ in range(4):
        await queue.passed()
        assert await queue.state(write) in (QueuedState.WAITING, QueuedState.SENDING)
    await queue.passed()
    assert await queue.state(write) is QueuedState.REFUSED
    assert await queue.state(behind) is QueuedState.SENT, "one write that breaks does not hold up the others for good"
    assert sorted(queue.data()) == ["before", "behind"]
