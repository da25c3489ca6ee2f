"""Subscriptions: in order, at least once, parked when they keep failing, in one process at a time."""

import asyncio
import time
from collections import Counter
from typing import Any

import pytest

from application.kernel.event_feed import RecordedFact
from application.kernel.subscriptions import AfterParking, ParkedEvent
from domain.kernel.errors import UnavailableError
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.driver import MongoDriver
from integration.mongo.subscriptions.checkpoints import CheckpointMovedError, Checkpoints
from integration.mongo.subscriptions.held_reader import LEASE_SECONDS
from integration.mongo.subscriptions.subscription_runner import BATCH_COMMITS
from integration.telemetry.telemetry import Telemetry
from tests.support.hosts import Hosted, end_process, hosted, start_process
from tests.support.jobs import eventually
from tests.support.tallies import LOG, HandClock, Listener, counted, tally_store

both_drivers = pytest.mark.parametrize("driver_name", ["motor", "pymongo"], indirect=True)


async def parked(running: Hosted, name: str = "listener") -> list[ParkedEvent]:
    found = await running.host.list_parked_async(name, 100, None)
    assert found is not None
    return found


async def states(running: Hosted) -> list[tuple[str, str]]:
    return [(one.event_id, one.state) for one in await parked(running)]


@both_drivers
async def test_a_failing_event_is_parked_and_the_others_go_on(driver: MongoDriver) -> None:
    listener = Listener()
    listener.bad = {"a.2"}
    async with hosted(driver, subscribers=[listener]) as running:
        for version in (1, 2, 3):
            await running.count_async("tally-a", [version])
            await running.count_async("tally-b", [version])
        await running.caught_up_async("listener")
        assert listener.of("a") == [1]
        assert listener.of("b") == [1, 2, 3]
        assert await states(running) == [("a.2", "parked"), ("a.3", "waiting")]
        (first, _) = await parked(running)
        assert (first.attempts, first.stream, first.position) == (2, "tally-a", 3)
        assert first.error == "ValueError: cannot bear a.2"
        (status,) = await running.host.list_async()
        assert (status.parked, status.waiting, status.lag, status.kind) == (1, 1, 0, "subscriber")


@both_drivers
@pytest.mark.parametrize("how", ["replay", "drop"])
async def test_what_waited_follows_by_itself_in_order(driver: MongoDriver, how: str) -> None:
    listener = Listener()
    listener.bad = {"a.1"}
    async with hosted(driver, subscribers=[listener]) as running:
        await running.count_async("tally-a", range(1, 6))
        await running.caught_up_async("listener")
        assert listener.of("a") == []
        (first, second, *_) = await parked(running)
        assert await running.host.replay_async("listener", first.id) == "failed"
        assert (await parked(running))[0].attempts == 3
        assert await running.host.replay_async("listener", second.id) == "blocked"
        if how == "replay":
            listener.bad = set()
            assert await running.host.replay_async("listener", first.id) == "replayed"
        else:
            assert await running.host.drop_async("listener", first.id)
        await running.count_async("tally-a", [6])

        async def all_heard() -> bool:
            return not await parked(running)

        await eventually(all_heard)
        await running.caught_up_async("listener")
        await eventually(lambda: len(listener.of("a")) == (6 if how == "replay" else 5))
        assert listener.of("a") == ([1] if how == "replay" else []) + [2, 3, 4, 5, 6]


async def test_a_waiting_event_that_fails_holds_those_behind_it(driver: MongoDriver) -> None:
    listener = Listener()
    listener.bad = {"a.1", "a.3"}
    async with hosted(driver, subscribers=[listener]) as running:
        await running.count_async("tally-a", range(1, 5))
        await running.caught_up_async("listener")
        assert await running.host.drop_async("listener", (await parked(running))[0].id)

        async def stuck_again() -> bool:
            return await states(running) == [("a.3", "parked"), ("a.4", "waiting")]

        await eventually(stuck_again)
        assert listener.of("a") == [2]


async def test_with_park_each_is_replayed_by_hand_in_order(driver: MongoDriver) -> None:
    listener = Listener(after_parking=AfterParking.PARK)
    listener.bad = {"a.1"}
    async with hosted(driver, subscribers=[listener]) as running:
        await running.count_async("tally-a", [1, 2, 3])
        await running.caught_up_async("listener")
        entries = await parked(running)
        assert [one.state for one in entries] == ["parked"] * 3
        listener.bad = set()
        answers = [await running.host.replay_async("listener", entries[i].id) for i in (1, 0, 2, 1, 2, 2)]
        assert answers == ["blocked", "replayed", "blocked", "replayed", "replayed", None]
        assert listener.of("a") == [1, 2, 3]
        await running.count_async("tally-a", [4])
        await eventually(lambda: listener.of("a") == [1, 2, 3, 4])


async def test_unknown_names_and_ids_are_told_apart(driver: MongoDriver) -> None:
    async with hosted(driver, subscribers=[Listener()]) as running:
        assert await running.host.list_parked_async("nobody", 10, None) is None
        assert await running.host.replay_async("nobody", "x") is None
        assert await running.host.replay_async("listener", "x") is None
        assert not await running.host.drop_async("listener", "x")


async def test_parked_events_are_paged_in_order(driver: MongoDriver) -> None:
    listener = Listener()
    listener.bad = {f"t{number}.1" for number in range(5)}
    async with hosted(driver, subscribers=[listener]) as running:
        for number in range(5):
            await running.count_async(f"tally-t{number}", [1])
        await running.caught_up_async("listener")
        first = await running.host.list_parked_async("listener", 2, None)
        assert first is not None
        rest = await running.host.list_parked_async("listener", 10, first[-1].id)
        assert rest is not None
        assert [one.event_id for one in (*first, *rest)] == [f"t{number}.1" for number in range(5)]


@both_drivers
async def test_a_restart_goes_on_where_it_stopped(driver: MongoDriver) -> None:
    first, second = Listener(), Listener()
    async with hosted(driver, subscribers=[first]) as running:
        await running.count_async("tally-a", range(1, 21))
        await running.caught_up_async("listener")
    async with hosted(driver, subscribers=[second]) as running:
        await running.count_async("tally-a", range(21, 26))
        await running.caught_up_async("listener")
    assert first.of("a") == list(range(1, 21))
    assert second.of("a") == list(range(21, 26))


async def test_the_lag_is_told_of_readers_that_run_and_of_none_that_ended(driver: MongoDriver) -> None:
    telemetry = Telemetry("test")
    telemetry.start()

    def told() -> list[str]:
        lines = telemetry.render_prometheus().decode().splitlines()
        return [line.rsplit(" ", 1)[1] for line in lines if line.startswith("labkeeper_subscription_lag{")]

    assert told() == []
    async with hosted(driver, subscribers=[Listener()]) as running, hosted(driver, subscribers=[Listener()]):
        await running.count_async("tally-a", range(1, 4))
        await running.caught_up_async("listener")
        await eventually(lambda: told() == ["0.0"])
    assert told() == []


async def test_an_event_type_that_is_not_wanted_still_moves_the_checkpoint(driver: MongoDriver) -> None:
    listener = Listener()
    listener.event_types = frozenset({"toy.tally-opened.v1"})
    async with hosted(driver, subscribers=[listener]) as running:
        await running.count_async("tally-a", [1, 2, 3])
        await running.caught_up_async("listener")
    assert listener.heard == []


async def test_a_subscription_that_starts_at_the_head_hears_only_what_comes(driver: MongoDriver) -> None:
    store = tally_store(driver)
    await store.prepare_async()
    await store.commit_async("tally-a", [counted("tally-a", 1)], 0)
    await store.close_async()
    listener = Listener()
    listener.start_at_head = True
    async with hosted(driver, subscribers=[listener]) as running:
        await running.caught_up_async("listener")
        await running.count_async("tally-a", [2])
        await eventually(lambda: listener.of("a") == [2])


class _StoreIsDown(Listener):
    async def handle_async(self, fact: RecordedFact) -> None:
        if self.unavailable_times:
            self.unavailable_times -= 1
            raise UnavailableError("the event store gives no answer")
        await super().handle_async(fact)


async def test_an_outage_is_waited_out_and_counts_as_no_failure(driver: MongoDriver) -> None:
    listener = _StoreIsDown()
    listener.unavailable_times = 4
    assert listener.unavailable_times > listener.max_attempts
    async with hosted(driver, subscribers=[listener]) as running:
        await running.count_async("tally-a", [1, 2])
        await running.caught_up_async("listener")
        assert listener.of("a") == [1, 2]
        assert await parked(running) == []


async def test_it_stops_in_the_middle_of_an_outage_and_leaves_the_event_for_later(driver: MongoDriver) -> None:
    listener, later = _StoreIsDown(), Listener()
    listener.unavailable_times = 10_000
    async with hosted(driver, subscribers=[listener]) as running:
        await running.count_async("tally-a", [1])
        await eventually(lambda: listener.unavailable_times < 9_999)
        # With a grace that is longer than any wait of a test: it stops by itself, it is not cut off.
        await asyncio.wait_for(running.host._runners["listener"].stop_async(grace_seconds=600), 60)
    async with hosted(driver, subscribers=[later]) as running:
        await running.caught_up_async("listener")
    assert later.of("a") == [1]


@both_drivers
async def test_a_corrupt_event_is_parked_by_name_and_the_rest_goes_on(driver: MongoDriver) -> None:
    store = tally_store(driver)
    await store.prepare_async()
    for version in (1, 2, 3):
        for stream in ("tally-a", "tally-b"):
            await store.commit_async(stream, [counted(stream, version)], version - 1)
    await store.close_async()
    log = driver.collection(f"{LOG}_commits")
    good = await log.find_one({"s": "tally-a", "f": 2})
    assert good is not None
    await log.update_one({"_id": good["_id"]}, {"$set": {"e.0.data": {"number": "a lot"}}})
    listener = Listener()
    async with hosted(driver, subscribers=[listener]) as running:
        await running.caught_up_async("listener")
        assert listener.of("a") == [1]
        assert listener.of("b") == [1, 2, 3]
        first, waiting = await parked(running)
        assert "event 2 of tally-a in log tallies (toy.tally-counted.v1) cannot be read" in first.error
        assert (first.event_id, first.state, waiting.state) == ("a.2", "parked", "waiting")
        assert await running.host.replay_async("listener", first.id) == "failed"
        await log.replace_one({"_id": good["_id"]}, good)
        assert await running.host.replay_async("listener", first.id) == "replayed"
        await eventually(lambda: listener.of("a") == [1, 2, 3])


async def test_two_hosts_never_run_one_subscription_at_once(driver: MongoDriver) -> None:
    first, second = Listener(), Listener()
    async with hosted(driver, subscribers=[first], holder="one") as one:
        await one.count_async("tally-a", [1, 2])
        await one.caught_up_async("listener")
        async with hosted(driver, subscribers=[second], holder="two") as two:
            await one.count_async("tally-a", [3, 4])
            await two.caught_up_async("listener")
            assert [status.holder for status in await two.host.list_async()] == ["one"]
            assert (first.of("a"), second.of("a")) == ([1, 2, 3, 4], [])
            await one.host.stop_async()
            await two.count_async("tally-a", [5])
            await two.caught_up_async("listener")
    assert (first.of("a"), second.of("a")) == ([1, 2, 3, 4], [5])


async def test_another_process_takes_over_after_a_kill(driver: MongoDriver, mongo_uri: str, database_name: str) -> None:
    store = tally_store(driver)
    await store.prepare_async()
    processes = {name: start_process("tests.support.reader_process", mongo_uri, database_name, name) for name in "AB"}
    heard = driver.collection("heard")
    written = 0

    async def write(commits: int) -> None:
        nonlocal written
        for _ in range(commits):
            stream = f"tally-{written % 7}"
            head = len(await store.load_events_async(stream))
            await store.commit_async(stream, [counted(stream, head + 1)], head)
            written += 1

    async def all_heard() -> bool:
        return len(await heard.distinct("event")) == written

    try:
        for process in processes.values():
            assert process.stdout is not None
            assert await asyncio.to_thread(process.stdout.readline) == "reading\n"
        await write(60)
        await eventually(all_heard)
        (holder,) = await heard.distinct("process")
        end_process(processes.pop(holder))
        killed = time.monotonic()
        await write(60)
        await eventually(all_heard, LEASE_SECONDS + 60)
        took = time.monotonic() - killed
    finally:
        for process in processes.values():
            end_process(process)
    entries = await heard.find({}).sort("_id", 1).to_list(None)
    await store.close_async()
    doubled = [event for event, times in Counter(entry["event"] for entry in entries).items() if times > 1]
    print(f"commits={written} heard={len(entries)} doubled={len(doubled)} takeover_seconds={took:.1f}")
    assert len(doubled) <= BATCH_COMMITS
    owners = [entry["process"] for entry in entries]
    assert owners == sorted(owners, key=lambda name: name != holder), "they never took turns"


async def test_a_holder_that_lost_its_lease_writes_no_checkpoint(driver: MongoDriver) -> None:
    async with hosted(driver, subscribers=[Listener()]) as running:
        await running.count_async("tally-a", [1])
        await running.caught_up_async("listener")
    checkpoints = Checkpoints(driver, HandClock())
    checkpoint = await checkpoints.get_async("subscription:listener")
    assert checkpoint is not None
    old = await MongoLeases(driver, "old").try_acquire_async("subscription:listener", 0.05)
    await asyncio.sleep(0.1)
    new = await MongoLeases(driver, "new").try_acquire_async("subscription:listener", 10)
    assert old is not None
    assert new is not None
    assert new.token > old.token
    await checkpoints.move_async(checkpoint, 1, new.token)
    with pytest.raises(CheckpointMovedError):
        await checkpoints.move_async(checkpoint, 2, old.token)
    after: Any = await checkpoints.get_async("subscription:listener")
    assert after.position == 1
