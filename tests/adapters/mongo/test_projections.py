"""Read models: each event counts once, a rebuild serves meanwhile, and nobody is told old news as new."""

import asyncio
from collections import Counter

import pytest

from domain.kernel.clock import SystemClock
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.driver import MongoDriver
from integration.mongo.subscriptions.checkpoints import Checkpoint, CheckpointMovedError, Checkpoints
from integration.mongo.subscriptions.read_model_rebuild import RebuildUnderWayError, rebuild_lease_key
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch
from tests.support.hosts import Hosted, end_process, hosted, start_process
from tests.support.jobs import eventually
from tests.support.tallies import LOG, HandClock, TotalsProjector, counted, tally_store

both_drivers = pytest.mark.parametrize("driver_name", ["motor", "pymongo"], indirect=True)


async def events_by_tally(running: Hosted) -> dict[str, int]:
    facts, _ = await running.store.read_log_async(0, 100_000)
    return dict(Counter(fact.event.aggregate_id for fact in facts))


async def counts(running: Hosted) -> dict[str, int]:
    return {key: document["events"] for key, document in (await running.documents_async("totals")).items()}


async def write(running: Hosted, streams: int, each: int, start: int = 0) -> None:
    await asyncio.gather(
        *(running.count_async(f"tally-{number}", range(start + 1, start + each + 1)) for number in range(streams))
    )


@both_drivers
async def test_each_event_counts_once(driver: MongoDriver) -> None:
    async with hosted(driver, projectors=[TotalsProjector()]) as running:
        await write(running, 20, 10)
        await running.caught_up_async("totals")
        assert await counts(running) == await events_by_tally(running)
    async with hosted(driver, projectors=[TotalsProjector()]) as running:
        await write(running, 20, 1, start=10)
        await running.caught_up_async("totals")
        assert await counts(running) == dict.fromkeys(map(str, range(20)), 11)


@both_drivers
async def test_a_projector_that_breaks_after_writing_leaves_nothing_half_done(driver: MongoDriver) -> None:
    projector = TotalsProjector()
    projector.fail_times = 3
    async with hosted(driver, projectors=[projector]) as running:
        await running.count_async("tally-a", range(1, 11))
        await running.caught_up_async("totals")
        assert projector.fail_times == 0
        assert await counts(running) == {"a": 10}


async def test_a_failing_read_model_says_why(driver: MongoDriver) -> None:
    projector = TotalsProjector()
    projector.fail_times = 10_000
    async with hosted(driver, projectors=[projector]) as running:
        await running.count_async("tally-a", [1])

        async def told() -> bool:
            (status,) = await running.host.list_async()
            return status.lag == 1 and "ConnectionResetError" in (status.last_error or "")

        await eventually(told)
        assert await running.documents_async("totals") == {}
        projector.fail_times = 0
        await running.caught_up_async("totals")
        assert await counts(running) == {"a": 1}


async def test_a_read_model_survives_kills_of_its_process(
    driver: MongoDriver, mongo_uri: str, database_name: str
) -> None:
    store = tally_store(driver)
    await store.prepare_async()
    acked = 0
    stop = asyncio.Event()

    async def write_on(stream: str) -> None:
        nonlocal acked
        version = 0
        while not stop.is_set():
            await store.commit_async(stream, [counted(stream, version + 1)], version)
            version += 1
            acked += 1
            await asyncio.sleep(0.01)

    writers = [asyncio.create_task(write_on(f"tally-{number}")) for number in range(8)]
    kills = 0
    try:
        for seconds in (0.3, 0.7):
            process = start_process("tests.support.reader_process", mongo_uri, database_name, f"P{kills}")
            assert process.stdout is not None
            await asyncio.to_thread(process.stdout.readline)
            await asyncio.sleep(seconds)
            end_process(process)
            kills += 1
            # The lease of a dead process runs out by itself; here time is not what is tested.
            await driver.collection("leases").update_many({}, {"$set": {"expires_at": HandClock().now()}})
    finally:
        stop.set()
        await asyncio.gather(*writers)
        await store.close_async()
    async with hosted(driver, projectors=[TotalsProjector()]) as running:
        # What a killed process had open in a transaction stays locked until the transaction expires.
        await running.caught_up_async("totals")
        projected, stored = await counts(running), await events_by_tally(running)
    print(f"kills={kills} acked={acked} stored={sum(stored.values())} projected={sum(projected.values())}")
    assert projected == stored
    assert sum(stored.values()) == acked


@both_drivers
async def test_a_rebuild_while_it_serves_gives_the_same(driver: MongoDriver) -> None:
    async with hosted(driver, projectors=[TotalsProjector()]) as running:
        await write(running, 30, 40)
        await running.caught_up_async("totals")
        seen: list[tuple[int, int]] = []
        served: list[int] = []

        async def progress(position: int, head: int) -> None:
            seen.append((position, head))
            served.append(len(await counts(running)))

        writing = asyncio.create_task(write(running, 30, 10, start=40))
        status = await running.host.rebuild_async("totals", progress)
        await writing
        await running.caught_up_async("totals")
        assert status is not None
        assert (status.collection, status.rebuilding) == ("totals_v2", False)
        assert status.rebuilt_at is not None
        assert seen
        assert set(served) == {30}, "it served all along"
        assert await counts(running) == await events_by_tally(running) == dict.fromkeys(map(str, range(30)), 50)
        assert {document["total"] for document in (await running.documents_async("totals")).values()} == {50}
        for _ in range(2):
            await running.host.rebuild_async("totals")
        collections = await driver.list_collections_async()
        assert sorted(name for name in collections if name.startswith("totals_")) == ["totals_v3", "totals_v4"]
        assert await running.host.rebuild_async("nothing") is None


async def test_a_new_version_is_rebuilt_at_the_next_start(driver: MongoDriver) -> None:
    async with hosted(driver, projectors=[TotalsProjector()]) as running:
        await write(running, 3, 3)
        await running.caught_up_async("totals")
    async with hosted(driver, projectors=[TotalsProjector(version=2)]) as running:

        async def rebuilt() -> bool:
            current = await running.host.watch.current_async("totals")
            return current is not None and (current.generation, current.version) == (2, 2)

        await eventually(rebuilt)
        await write(running, 3, 1, start=3)
        await running.caught_up_async("totals")
        assert await counts(running) == dict.fromkeys("012", 4)


async def test_a_read_model_is_rebuilt_by_one_at_a_time(driver: MongoDriver) -> None:
    async with hosted(driver, projectors=[TotalsProjector()]) as running:
        await write(running, 3, 3)
        await running.caught_up_async("totals")
        other = MongoLeases(driver, "another process")
        lease = await other.try_acquire_async(rebuild_lease_key("totals"), 30)
        assert lease is not None
        (status,) = await running.host.read_models_async()
        assert status.rebuilding
        with pytest.raises(RebuildUnderWayError):
            await running.host.rebuild_async("totals")
        await other.release_async(lease)
        assert await running.host.rebuild_async("totals") is not None


async def test_a_corrupt_event_is_parked_and_the_read_model_goes_on(driver: MongoDriver) -> None:
    store = tally_store(driver)
    await store.prepare_async()
    for version in (1, 2, 3):
        for stream in ("tally-a", "tally-b"):
            await store.commit_async(stream, [counted(stream, version)], version - 1)
    await store.close_async()
    await driver.collection(f"{LOG}_commits").update_one({"s": "tally-a", "f": 2}, {"$set": {"e.0.type": "odd.v1"}})
    async with hosted(driver, projectors=[TotalsProjector()]) as running:
        await running.caught_up_async("totals")
        assert await counts(running) == {"a": 2, "b": 3}
        parked = await running.host.list_parked_async("totals", 10, None)
        assert parked is not None
        assert [one.event_id for one in parked] == ["a.2"]
        assert "event 2 of tally-a" in parked[0].error


async def test_an_old_holders_batch_is_refused(driver: MongoDriver) -> None:
    async with hosted(driver, projectors=[TotalsProjector()]) as running:
        await running.count_async("tally-a", [1])
        await running.caught_up_async("totals")
    async with hosted(driver, projectors=[TotalsProjector()]) as running:
        checkpoint = await running.host.watch.current_async("totals")
        assert checkpoint is not None
        await running.count_async("tally-a", [2])
        await running.caught_up_async("totals")
        late = running.host._projections["totals"]
        with pytest.raises(CheckpointMovedError):
            await late.project_batch_async(checkpoint, token=1)
        assert await counts(running) == {"a": 2}


@both_drivers
async def test_a_reader_waits_for_what_it_wrote(driver: MongoDriver) -> None:
    async with hosted(driver, projectors=[TotalsProjector()]) as running:
        for version in range(1, 6):
            position, _ = await running.store.commit_async("tally-a", [counted("tally-a", version)], version - 1)
            assert await running.host.wait_async("totals", position, 60)
            assert await counts(running) == {"a": version}
        assert not await running.host.wait_async("totals", 99, 0.1)


async def test_a_process_that_only_watches_learns_what_moved_before_it_watched(driver: MongoDriver) -> None:
    watch = ReadModelWatch(driver, Checkpoints(driver, SystemClock()))
    async with hosted(driver, projectors=[TotalsProjector()]) as running:
        await running.count_async("tally-a", [1])
        await running.caught_up_async("totals")
        old = await watch.current_async("totals")
        assert old is not None
        await running.count_async("tally-a", [2])
        await running.caught_up_async("totals")
        watch.start()
        known: list[Checkpoint | None] = []

        def is_fresh() -> bool:
            known[:] = [watch.fresh("totals")]
            return known != [None]

        await eventually(is_fresh)
        assert known[0] is not None
        assert known[0].position == 2
        await running.count_async("tally-a", [3])
        assert await watch.wait_async("totals", 3, 60)
        await watch.stop_async()
