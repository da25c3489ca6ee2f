"""Aggregates as streams: what the stock repository gets wrong, and what ours adds."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from neuroglia.data.exceptions import OptimisticConcurrencyException
from neuroglia.data.infrastructure.event_sourcing.abstractions import Aggregator
from neuroglia.data.infrastructure.event_sourcing.event_sourcing_repository import EventSourcingRepository

from domain.kernel.aggregate import reduces
from domain.kernel.errors import UnavailableError, UndecodableEventError
from integration.mongo.driver import MongoDriver, open_driver
from integration.mongo.events.event_sourced_repository import MongoEventSourcedRepository
from integration.mongo.events.event_store import MongoEventStore
from integration.mongo.events.snapshots import Snapshots
from tests.support.mongo import LocalMongod, free_port, open_impatient_driver_async
from tests.support.tallies import (
    LOG,
    Tally,
    TallyOpenedDomainEvent,
    TallyState,
    raw_commits,
    tally_repository,
    tally_store,
)

both_drivers = pytest.mark.parametrize("driver_name", ["motor", "pymongo"], indirect=True)
Repository = MongoEventSourcedRepository[Tally]


@pytest_asyncio.fixture
async def store(driver: MongoDriver) -> AsyncIterator[MongoEventStore]:
    store = tally_store(driver)
    await store.prepare_async()
    yield store
    await store.close_async()


@pytest.fixture
def tallies(store: MongoEventStore) -> Repository:
    return tally_repository(store)


async def kinds(driver: MongoDriver) -> list[str]:
    return [event["type"].split(".")[1] for commit in await raw_commits(driver) for event in commit["e"]]


@both_drivers
async def test_saving_the_same_instance_twice_appends_each_event_once(tallies: Repository, driver: MongoDriver) -> None:
    tally = Tally.open("a")
    await tallies.add_async(tally)
    tally.count(2)
    await tallies.update_async(tally)
    tally.count(3)
    await tallies.update_async(tally)
    assert await kinds(driver) == ["tally-opened", "tally-counted", "tally-counted"]
    again = await tallies.get_async("a")
    assert again is not None
    assert (again.state.total, again.state.state_version) == (5, 3)
    assert tally.pending_events == []


class _MemoryStore:
    """Just enough of a store for the stock repository."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    async def append_async(self, stream_id: str, events: list[Any], expected_version: int | None = None) -> None:
        self.kinds += [type(event.data).__name__ for event in events]

    async def get_async(self, stream_id: str) -> Any:
        raise ConnectionError("the store is down")

    read_async = get_async


def stock_repository(store: Any) -> Any:
    repository: Any = EventSourcingRepository[Tally, str](store, Aggregator(), None)
    return repository


async def test_the_stock_repository_appends_events_again() -> None:
    store = _MemoryStore()
    tally = Tally.open("a")
    repository = stock_repository(store)
    await repository.add_async(tally)
    tally.count()
    await repository.update_async(tally)
    assert store.kinds == ["TallyOpenedDomainEvent", "TallyOpenedDomainEvent", "TallyCountedDomainEvent"]


async def test_the_stock_repository_takes_an_outage_for_absence() -> None:
    assert await stock_repository(_MemoryStore()).get_async("a") is None


async def test_an_outage_is_an_error_and_never_none() -> None:
    driver = open_driver("motor", f"mongodb://127.0.0.1:{free_port()}", "none", serverSelectionTimeoutMS=100)
    tallies = tally_repository(tally_store(driver))
    for asked in (
        lambda: tallies.get_async("a"),
        lambda: tallies.contains_async("a"),
        lambda: tallies.get_many_async(["a"]),
        lambda: tallies.get_by_id_prefix_async("a"),
        lambda: tallies.remove_async("a"),
    ):
        with pytest.raises(UnavailableError):
            await asked()
    await driver.close_async()


async def test_pending_events_stay_until_they_are_stored(mongod_process: LocalMongod) -> None:
    driver = await open_impatient_driver_async("motor", mongod_process.uri, "pending")
    store = tally_store(driver)
    await store.prepare_async()
    store._writer._in_doubt_seconds = 0.3
    tallies = tally_repository(store)
    tally = Tally.open("a")
    mongod_process.kill_nine()
    with pytest.raises(UnavailableError):
        await tallies.add_async(tally)
    assert len(tally.pending_events) == 1
    mongod_process.start()
    mongod_process.wait_until_primary()
    async with asyncio.timeout(60):
        while True:
            try:
                await tallies.add_async(tally)
                break
            except UnavailableError:
                await asyncio.sleep(0.1)
    assert tally.pending_events == []
    assert await kinds(driver) == ["tally-opened"]
    await store.close_async()
    await driver.close_async()


async def test_an_event_that_cannot_be_read_is_an_error_and_never_none(
    tallies: Repository, driver: MongoDriver
) -> None:
    await tallies.add_async(Tally.open("a"))
    await driver.collection(f"{LOG}_commits").update_one({}, {"$set": {"e.0.type": "toy.unknown.v1"}})
    with pytest.raises(UndecodableEventError):
        await tallies.get_async("a")


@both_drivers
async def test_a_stale_instance_keeps_being_refused(tallies: Repository, store: MongoEventStore) -> None:
    await tallies.add_async(Tally.open("a"))
    stale, quick = await tallies.get_async("a"), await tallies.get_async("a")
    assert stale is not None
    assert quick is not None
    quick.count(1)
    await tallies.update_async(quick)
    stale.count(100)
    for _ in range(3):
        with pytest.raises(OptimisticConcurrencyException):
            await tallies.update_async(stale)
    assert len(stale.pending_events) == 1
    now = await tallies.get_async("a")
    assert now is not None
    assert now.state.total == 1


async def test_adding_twice_is_a_conflict(tallies: Repository) -> None:
    await tallies.add_async(Tally.open("a"))
    with pytest.raises(OptimisticConcurrencyException):
        await tallies.add_async(Tally.open("a"))
    loaded = await tallies.get_async("a")
    assert loaded is not None
    with pytest.raises(OptimisticConcurrencyException):
        await tallies.add_async(loaded)


async def test_contains_and_update_without_change(tallies: Repository, driver: MongoDriver) -> None:
    tally = await tallies.add_async(Tally.open("a"))
    assert await tallies.contains_async("a")
    assert not await tallies.contains_async("b")
    await tallies.update_async(tally)
    assert len(await raw_commits(driver)) == 1
    assert tally.state.state_version == 1


async def test_versions_of_events_and_state_agree(tallies: Repository) -> None:
    tally = Tally.open("a")
    tally.count()
    await tallies.add_async(tally)
    tally.count()
    assert [event.aggregate_version for event in tally.pending_events] == [3]
    await tallies.update_async(tally)
    assert tally.state.state_version == 3


@both_drivers
async def test_many_are_loaded_and_found_by_prefix(tallies: Repository) -> None:
    for name in ("w1.a", "w1.b", "w10.a", "w1", "w2.a"):
        await tallies.add_async(Tally.open(name))
    assert list(await tallies.get_by_id_prefix_async("w1.")) == ["w1.a", "w1.b"]
    assert sorted(await tallies.get_many_async(["w1.b", "nobody", "w2.a"])) == ["w1.b", "w2.a"]
    assert await tallies.get_many_async([]) == {}
    await tallies.remove_async("w1.a")
    assert list(await tallies.get_by_id_prefix_async("w1.")) == ["w1.b"]
    assert await tallies.get_many_async(["w1.a"]) == {}


@both_drivers
async def test_saving_many_refuses_only_the_stale(tallies: Repository, driver: MongoDriver) -> None:
    await tallies.save_many_async([Tally.open(f"t{number}") for number in range(10)])
    mine = await tallies.get_many_async([f"t{number}" for number in range(10)])
    theirs = await tallies.get_many_async(["t3", "t7"])
    for tally in theirs.values():
        tally.count(50)
    assert await tallies.save_many_async(list(theirs.values())) == {}
    for tally in mine.values():
        tally.count(1)
    refused = await tallies.save_many_async(list(mine.values()))
    assert sorted(refused) == ["t3", "t7"]
    assert [name for name, tally in mine.items() if tally.pending_events] == ["t3", "t7"]
    totals = {name: tally.state.total for name, tally in (await tallies.get_many_async(list(mine))).items()}
    assert totals == {f"t{number}": 50 if number in (3, 7) else 1 for number in range(10)}


async def test_a_removed_aggregate_is_gone_for_good(tallies: Repository) -> None:
    tally = await tallies.add_async(Tally.open("a"))
    await tallies.remove_async("a")
    assert await tallies.get_async("a") is None
    assert not await tallies.contains_async("a")
    tally.count()
    with pytest.raises(OptimisticConcurrencyException):
        await tallies.update_async(tally)
    with pytest.raises(OptimisticConcurrencyException):
        await tallies.add_async(Tally.open("a"))


# --- snapshots


@dataclass
class Snapped:
    tallies: Repository
    snapshots: Snapshots
    documents: Any


@pytest_asyncio.fixture
async def snapped(store: MongoEventStore, driver: MongoDriver) -> Snapped:
    snapshots = Snapshots(driver, LOG, every=5)
    tallies = tally_repository(store, snapshots)
    tally = Tally.open("a")
    for _ in range(5):
        tally.count(10)
    await tallies.add_async(tally)
    return Snapped(tallies, snapshots, driver.collection(f"{LOG}_snapshots"))


async def test_a_snapshot_is_taken_and_used(snapped: Snapped, driver: MongoDriver) -> None:
    first = await snapped.tallies.get_async("a")
    assert first is not None
    (document,) = await snapped.documents.find({}).to_list(None)
    assert document["version"] == 6
    first.count(1)
    await snapped.tallies.update_async(first)
    await driver.collection(f"{LOG}_commits").update_one({"_id": 1}, {"$set": {"e.0.type": "unreadable"}})
    second = await snapped.tallies.get_async("a")
    assert second is not None, "the snapshot spares reading what lies before it"
    assert vars(second.state) == vars(first.state)
    assert second.state.note == "null", "text stays text"


async def test_a_snapshot_can_be_thrown_away_at_any_time(snapped: Snapped) -> None:
    before = await snapped.tallies.get_async("a")
    await snapped.snapshots.discard_async("tally-a")
    after = await snapped.tallies.get_async("a")
    assert before is not None
    assert after is not None
    assert vars(before.state) == vars(after.state)


class WiderTallyState(TallyState):
    extra: str

    @reduces(TallyOpenedDomainEvent)
    def _opened(self, event: TallyOpenedDomainEvent) -> None:
        super()._opened(event)
        self.extra = "new field"


async def test_a_snapshot_of_another_shape_is_ignored(snapped: Snapped, monkeypatch: pytest.MonkeyPatch) -> None:
    await snapped.tallies.get_async("a")
    await snapped.documents.update_one({}, {"$set": {"state.total": "fifty"}})
    spoilt = await snapped.tallies.get_async("a")
    assert spoilt is not None
    assert spoilt.state.total == 50
    monkeypatch.setattr(Tally, "_state_class", WiderTallyState)
    wider = await snapped.tallies.get_async("a")
    assert wider is not None
    assert wider.state.extra == "new field"  # type: ignore[attr-defined]
    assert wider.state.total == 50


async def test_a_snapshot_never_outlives_its_stream(snapped: Snapped) -> None:
    await snapped.tallies.get_async("a")
    kept = await snapped.documents.find_one({})
    await snapped.tallies.remove_async("a")
    assert await snapped.documents.count_documents({}) == 0
    assert await snapped.tallies.get_async("a") is None
    await snapped.documents.insert_one(kept)
    assert await snapped.tallies.get_async("a") is None, "not even when a late reader wrote it again"
