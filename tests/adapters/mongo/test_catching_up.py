"""A subscription far behind its log: reading ahead, checkpoints inside a batch, turns for others."""

import asyncio
import time
from collections.abc import Collection

import pytest

from application.kernel.event_feed import CorruptFact, EventFeed, RecordedFact
from domain.kernel.errors import UnavailableError
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.event_store import MongoEventStore
from integration.mongo.subscriptions import read_ahead, subscription_runner
from integration.mongo.subscriptions.read_ahead import ReadAhead
from tests.support.hosts import hosted
from tests.support.jobs import eventually
from tests.support.tallies import LOG, NOON, TOY_EVENTS, HandClock, Listener, counted

PAGE = 5


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (read_ahead, subscription_runner):
        monkeypatch.setattr(module, "PAGE_COMMITS", PAGE)


class Log(EventFeed):
    """A log in memory of one tally. Reads in ``broken`` fail once, those in ``held`` wait until the gate is open."""

    log = LOG

    def __init__(self, commits: int) -> None:
        self.commits = commits
        self.reads: list[int] = []
        self.broken: set[int] = set()
        self.held: set[int] = set()
        self.gate = asyncio.Event()
        self.cancelled: list[int] = []

    @property
    def last_seen(self) -> int:
        return self.commits

    async def head_async(self) -> int:
        return self.commits

    async def read_log_async(
        self,
        after: int,
        limit: int,
        event_types: Collection[str] | None = None,
        corrupt: list[CorruptFact] | None = None,
    ) -> tuple[list[RecordedFact], int]:
        self.reads.append(after)
        if after in self.broken:
            self.broken.discard(after)
            raise UnavailableError(f"no answer after {after}")
        if after in self.held:
            try:
                await self.gate.wait()
            except asyncio.CancelledError:
                self.cancelled.append(after)
                raise
        last = min(after + limit, self.commits)
        return [_fact(position) for position in range(after + 1, last + 1)], last

    async def wait_beyond_async(self, position: int, timeout_seconds: float) -> bool:
        return self.commits > position


def _fact(position: int) -> RecordedFact:
    return RecordedFact(LOG, position, 0, "tally-a", counted("tally-a", position), NOON)


async def test_one_page_is_read_ahead_and_no_more() -> None:
    log = Log(3 * PAGE)
    async with ReadAhead(log, 0, None) as pages:
        assert (pages.done_up_to, log.reads) == (0, [])
        assert await pages.turn_page_async()
        for _ in range(10):
            await asyncio.sleep(0)
        assert log.reads == [0, PAGE]
        assert ([fact.position for fact in pages.rest], pages.done_up_to) == ([1, 2, 3, 4, 5], 0)
        pages.rest.popleft()
        assert pages.done_up_to == 1
        assert await pages.turn_page_async()
        assert await pages.turn_page_async()
        assert not await pages.turn_page_async()
        assert (log.reads, pages.read_up_to) == ([0, PAGE, 2 * PAGE], 3 * PAGE)


async def test_behind_a_page_that_is_not_full_nothing_is_read_ahead() -> None:
    log = Log(PAGE - 1)
    async with ReadAhead(log, 0, None) as pages:
        assert await pages.turn_page_async()
        log.commits += 2
        await asyncio.sleep(0)
        assert log.reads == [0]
        assert await pages.turn_page_async()
        assert [fact.position for fact in pages.rest] == [PAGE, PAGE + 1]


async def test_a_failure_ahead_is_told_by_the_next_read_and_what_is_at_hand_stays() -> None:
    log = Log(2 * PAGE)
    log.broken = {PAGE}
    async with ReadAhead(log, 0, None) as pages:
        assert await pages.turn_page_async()
        await asyncio.sleep(0)
        assert log.broken == set(), "it has failed meanwhile"
        assert len(pages.rest) == PAGE
        with pytest.raises(UnavailableError, match=f"after {PAGE}"):
            await pages.turn_page_async()
        assert (len(pages.rest), pages.read_up_to) == (PAGE, PAGE)
        assert await pages.turn_page_async()
        assert [fact.position for fact in pages.rest] == list(range(PAGE + 1, 2 * PAGE + 1))


@pytest.mark.parametrize("error", [None, UnavailableError("an outage"), asyncio.CancelledError()])
async def test_a_read_under_way_ends_with_the_block(error: BaseException | None) -> None:
    log = Log(2 * PAGE)
    log.held = {PAGE}
    before = asyncio.all_tasks()
    try:
        async with ReadAhead(log, 0, None) as pages:
            assert await pages.turn_page_async()
            await asyncio.sleep(0)
            if error is not None:
                raise error
    except (UnavailableError, asyncio.CancelledError):
        assert error is not None
    assert log.cancelled == [PAGE]
    assert asyncio.all_tasks() == before


async def test_who_waits_for_a_page_that_is_read_ahead_can_be_cancelled() -> None:
    log = Log(2 * PAGE)
    log.held = {PAGE}
    async with ReadAhead(log, 0, None) as pages:
        await pages.turn_page_async()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pages.turn_page_async(), 0.05)
        assert log.cancelled == [PAGE]


class _Store(MongoEventStore):
    """Gives no answer to the reads in ``broken``, once."""

    def __init__(self, driver: MongoDriver) -> None:
        super().__init__(driver, LOG, EventCodec(LOG, TOY_EVENTS), HandClock())
        self.broken: set[int] = set()

    async def read_log_async(
        self,
        after: int,
        limit: int,
        event_types: Collection[str] | None = None,
        corrupt: list[CorruptFact] | None = None,
    ) -> tuple[list[RecordedFact], int]:
        if after in self.broken:
            self.broken.discard(after)
            raise UnavailableError("the event store gives no answer")
        return await super().read_log_async(after, limit, event_types, corrupt)


async def _written(driver: MongoDriver, commits: int) -> _Store:
    store = _Store(driver)
    await store.prepare_async()
    for version in range(1, commits + 1):
        await store.commit_async("tally-a", [counted("tally-a", version)], version - 1)
    return store


async def test_what_was_handled_before_a_failed_read_is_not_repeated(driver: MongoDriver) -> None:
    store = await _written(driver, 4 * PAGE)
    store.broken = {PAGE, 3 * PAGE}
    listener = Listener()
    async with hosted(driver, subscribers=[listener], store=store) as running:
        await running.caught_up_async("listener")
        assert store.broken == set()
        assert listener.of("a") == list(range(1, 4 * PAGE + 1))
        await eventually(lambda: running.host._runners["listener"].failure is None)


class _StopsAt(Listener):
    """Tells when it has come to a version, and takes its time from there on."""

    def __init__(self, version: int) -> None:
        super().__init__()
        self.version = version
        self.there = asyncio.Event()
        self.gate = asyncio.Event()

    async def handle_async(self, fact: RecordedFact) -> None:
        await super().handle_async(fact)
        if fact.event.aggregate_version == self.version:
            self.there.set()
            await self.gate.wait()


async def test_a_stop_in_the_middle_of_a_page_repeats_nothing_and_leaves_no_read(driver: MongoDriver) -> None:
    store = await _written(driver, 4 * PAGE)
    first, second = _StopsAt(PAGE + 2), Listener()
    async with hosted(driver, subscribers=[first], store=store) as running:
        await first.there.wait()
        stopping = asyncio.create_task(running.host._runners["listener"].stop_async(grace_seconds=600))
        await asyncio.sleep(0)
        first.gate.set()
        await asyncio.wait_for(stopping, 60)
        assert not [task for task in asyncio.all_tasks() if task.get_name() == f"read {LOG} ahead"]
    async with hosted(driver, subscribers=[second]) as running:
        await running.caught_up_async("listener")
    assert first.of("a") == list(range(1, PAGE + 3))
    assert second.of("a") == list(range(PAGE + 3, 4 * PAGE + 1))


async def test_a_slow_subscriber_moves_its_checkpoint_inside_a_batch(
    driver: MongoDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription_runner, "CHECKPOINT_SECONDS", 0.0)
    store = await _written(driver, PAGE)
    first, second = _StopsAt(PAGE - 1), Listener()
    async with hosted(driver, subscribers=[first], store=store) as running:
        await first.there.wait()
        assert await running.position_async("listener") == PAGE - 2
        # Cut off like by a crash: nothing is written any more.
        await running.host._runners["listener"].stop_async(grace_seconds=0)
    async with hosted(driver, subscribers=[second]) as running:
        await running.caught_up_async("listener")
    assert second.of("a") == [PAGE - 1, PAGE]


async def test_a_crash_lets_at_most_a_batch_be_repeated(driver: MongoDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription_runner, "BATCH_COMMITS", 2 * PAGE + 1)
    monkeypatch.setattr(subscription_runner, "CHECKPOINT_SECONDS", 600.0)
    store = await _written(driver, 5 * PAGE)
    first, second = _StopsAt(4 * PAGE), Listener()
    async with hosted(driver, subscribers=[first], store=store) as running:
        await first.there.wait()
        await running.host._runners["listener"].stop_async(grace_seconds=0)
    async with hosted(driver, subscribers=[second]) as running:
        await running.caught_up_async("listener")
    assert second.of("a") == list(range(2 * PAGE + 1, 5 * PAGE + 1))


class _Busy(Listener):
    """Works without ever waiting for anything."""

    async def handle_async(self, fact: RecordedFact) -> None:
        await super().handle_async(fact)
        ends = time.monotonic() + subscription_runner.TURN_SECONDS
        while time.monotonic() < ends:
            pass


async def test_others_get_a_turn_while_a_subscription_catches_up(driver: MongoDriver) -> None:
    store = await _written(driver, 4 * PAGE)
    listener = _Busy()
    heard_at_turns: set[int] = set()

    async def other() -> None:
        while len(listener.heard) < 4 * PAGE:
            heard_at_turns.add(len(listener.heard))
            await asyncio.sleep(0)

    async with hosted(driver, subscribers=[listener], store=store):
        await asyncio.wait_for(other(), 60)
    assert heard_at_turns == set(range(4 * PAGE))
