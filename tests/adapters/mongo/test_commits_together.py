"""Commits to several streams are stored all together or not at all."""

import asyncio
from contextlib import suppress

import pytest
from neuroglia.data.exceptions import OptimisticConcurrencyException

from application.kernel.request_context import RequestContext, acting_as
from domain.kernel.errors import UnavailableError
from integration.mongo.driver import DriverName, MongoDriver, open_driver
from integration.mongo.events.event_store import EmptyCommitError, MongoEventStore
from tests.support.mongo import LocalMongod, open_impatient_driver_async
from tests.support.tallies import counted, holes, raw_commits, tally_store, version_faults

BOTH = pytest.mark.parametrize("driver_name", ["motor", "pymongo"], indirect=True)


def parts(names: str, version: int = 1) -> list[tuple[str, list[object], int]]:
    return [(f"tally-{name}", [counted(f"tally-{name}", version)], version - 1) for name in names]


async def together(store: MongoEventStore, names: str, version: int = 1) -> list[int]:
    answers = await store.commit_together_async(parts(names, version))  # type: ignore[arg-type]
    return [position for position, _ in answers]


@BOTH
async def test_they_stand_one_after_another_in_the_log(driver: MongoDriver) -> None:
    store = tally_store(driver)
    await store.prepare_async()
    assert await together(store, "abc") == [1, 2, 3]
    assert await together(store, "b", 2) == [4]
    assert await together(store, "") == []
    assert [one["s"] for one in await raw_commits(driver)] == ["tally-a", "tally-b", "tally-c", "tally-b"]
    await store.close_async()


@BOTH
async def test_a_conflict_of_one_refuses_all(driver: MongoDriver) -> None:
    store, other = tally_store(driver), tally_store(driver)
    await store.prepare_async()
    assert await together(store, "c") == [1]
    for knows_better in (store, other):
        with pytest.raises(OptimisticConcurrencyException) as refused:
            await together(knows_better, "abcd")
        assert "tally-c" in str(refused.value)
    assert len(await raw_commits(driver)) == 1
    assert await together(other, "abd") == [2, 3, 4]
    with pytest.raises(EmptyCommitError):
        await store.commit_together_async([("tally-x", [], 0), ("tally-y", [counted("tally-y", 1)], 0)])
    assert len(await raw_commits(driver)) == 4
    await store.close_async()
    await other.close_async()


@BOTH
async def test_a_repeated_command_gets_its_first_answer(driver: MongoDriver) -> None:
    store = tally_store(driver)
    await store.prepare_async()
    answers = []
    for _ in range(2):
        with acting_as(RequestContext(command_id="same", repeatable=True)):
            answers.append(await together(store, "ab"))
    assert answers == [[1, 2], [1, 2]]
    assert len(await raw_commits(driver)) == 2
    await store.close_async()


@BOTH
async def test_many_writers_of_the_same_streams_keep_the_log_dense(driver: MongoDriver) -> None:
    stores = [tally_store(driver) for _ in range(3)]
    await stores[0].prepare_async()
    stored = 0

    async def write(number: int) -> None:
        nonlocal stored
        store = stores[number % 3]
        for round_ in range(4):
            names = "abc" if number % 2 else "cb"
            versions = {name: len(await store.load_events_async(f"tally-{name}")) for name in names}
            batch = [(f"tally-{name}", [counted(f"tally-{name}", v + 1)], v) for name, v in versions.items()]
            with suppress(OptimisticConcurrencyException):
                answers = await store.commit_together_async(batch)
                stored += len(answers)
            single = f"tally-{number}"
            await store.commit_async(single, [counted(single, round_ + 1)], round_)
            stored += 1

    await asyncio.gather(*(write(number) for number in range(9)))
    commits = await raw_commits(driver)
    assert len(commits) == stored
    assert holes(commits) == version_faults(commits) == 0
    for store in stores:
        await store.close_async()


@pytest.mark.parametrize("kind", ["motor", "pymongo"])
async def test_a_database_that_dies_in_the_middle_keeps_all_or_nothing(
    kind: DriverName, mongod_process: LocalMongod
) -> None:
    driver = await open_impatient_driver_async(kind, mongod_process.uri, "together")
    store = tally_store(driver)
    await store.prepare_async()
    acked: list[str] = []
    ended = asyncio.Event()

    async def write(name: str) -> None:
        version = 0
        while not ended.is_set():
            version += 1
            batch = [(f"tally-{name}{n}", [counted(f"tally-{name}{n}", version)], version - 1) for n in range(20)]
            try:
                await store.commit_together_async(batch)
            except UnavailableError:
                version = len(await store.load_events_async(f"tally-{name}0"))
            else:
                acked.append(f"{name}{version}")

    writers = [asyncio.create_task(write(name)) for name in "xy"]
    for _ in range(3):
        before = len(acked)
        while len(acked) < before + 5:  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.01)
        await asyncio.to_thread(mongod_process.restart)
        await asyncio.to_thread(mongod_process.wait_until_primary)
    ended.set()
    await asyncio.gather(*writers)
    await store.close_async()
    await driver.close_async()
    looking = open_driver(kind, mongod_process.uri, "together")
    commits = await raw_commits(looking)
    await looking.close_async()
    batches: dict[str, int] = {}
    for commit in commits:
        key = f"{commit['s'].removeprefix('tally-')[0]}{commit['v']}"
        batches[key] = batches.get(key, 0) + 1
    print(f"acked={len(acked)} stored={len(batches)}")
    assert set(batches.values()) == {20}
    assert set(acked) <= set(batches)
    assert holes(commits) == version_faults(commits) == 0
