"""Leases on both drivers: one holder at a time, and a token that tells terms apart."""

import asyncio
from datetime import UTC, datetime

import pytest

from application.kernel.lease_keeper import holding
from application.kernel.leases import Lease
from domain.kernel.errors import UnavailableError
from integration.mongo.coordination.leases import MongoCoordinationBackend, MongoLeases
from integration.mongo.driver import DriverName, MongoDriver, open_driver
from tests.support.jobs import eventually
from tests.support.mongo import LocalMongod, close_without_server_async

FAR_AWAY = datetime(2999, 1, 1, tzinfo=UTC)
pytestmark = pytest.mark.parametrize("driver_name", ["motor", "pymongo"], indirect=True)


async def acquire(leases: MongoLeases, ttl_seconds: float = 30) -> Lease:
    lease = await leases.try_acquire_async("jobs", ttl_seconds)
    assert lease is not None
    return lease


async def ends_at(driver: MongoDriver) -> datetime:
    lease = await driver.collection("leases").find_one({"_id": "jobs"})
    assert lease is not None
    end: datetime = lease["expires_at"]
    return end


async def let_pass(driver: MongoDriver, seconds: float) -> None:
    """Let every lease be so much nearer to its end, as if that time had passed."""
    nearer = {"$dateSubtract": {"startDate": "$expires_at", "unit": "second", "amount": seconds}}
    await driver.collection("leases").update_many({}, [{"$set": {"expires_at": nearer}}])


async def test_of_twenty_racers_one_wins(driver: MongoDriver) -> None:
    racers = [MongoLeases(driver, f"racer-{number}") for number in range(20)]
    won = await asyncio.gather(*(racer.try_acquire_async("jobs", 30) for racer in racers))
    winners = [lease for lease in won if lease is not None]
    assert [lease.token for lease in winners] == [1]
    assert await racers[0].holder_async("jobs") == winners[0].holder


async def test_two_parts_of_one_process_exclude_each_other(driver: MongoDriver) -> None:
    leases = MongoLeases(driver, "me")
    await acquire(leases)
    assert await leases.try_acquire_async("jobs", 30) is None


async def test_an_expired_lease_goes_to_another_with_a_larger_token(driver: MongoDriver) -> None:
    mine, others = MongoLeases(driver, "me"), MongoLeases(driver, "other")
    first = await acquire(mine, 0.1)
    await asyncio.sleep(0.2)
    assert await mine.holder_async("jobs") is None
    second = await acquire(others)
    assert second.token > first.token
    assert not await mine.renew_async(first, 30)
    await mine.release_async(first)
    assert await mine.holder_async("jobs") == "other"


async def test_an_expired_lease_is_not_renewed_even_if_nobody_took_it(driver: MongoDriver) -> None:
    leases = MongoLeases(driver, "me")
    lease = await acquire(leases, 0.05)
    await asyncio.sleep(0.1)
    assert not await leases.renew_async(lease, 30)


async def test_a_renewed_lease_outlives_its_first_term(driver: MongoDriver) -> None:
    leases = MongoLeases(driver, "me")
    lease = await acquire(leases, 60)
    assert await leases.renew_async(lease, 300)
    await let_pass(driver, 61)
    assert await MongoLeases(driver, "other").try_acquire_async("jobs", 30) is None


async def test_tokens_go_on_after_a_release(driver: MongoDriver) -> None:
    leases = MongoLeases(driver, "me")
    tokens = []
    for _ in range(3):
        lease = await acquire(leases)
        tokens.append(lease.token)
        await leases.release_async(lease)
        assert await leases.holder_async("jobs") is None
    assert tokens == [1, 2, 3]


async def test_a_holder_whose_name_looks_like_an_expression_is_just_a_name(driver: MongoDriver) -> None:
    backend = MongoCoordinationBackend(driver)
    assert await backend.acquire_lease("jobs", "$token", 30)
    assert await backend.get_lease_holder("jobs") == "$token"
    assert not await backend.acquire_lease("jobs", "$holder", 30)


async def test_a_lease_needs_a_duration(driver: MongoDriver) -> None:
    with pytest.raises(ValueError, match="cannot last 0 s"):
        await MongoLeases(driver).try_acquire_async("jobs", 0)


async def test_the_coordination_backend_knows_a_holder_by_its_identity(driver: MongoDriver) -> None:
    backend = MongoCoordinationBackend(driver)
    assert await backend.acquire_fenced_async("jobs", "a", 30) == 1
    assert await backend.acquire_fenced_async("jobs", "b", 30) is None
    assert await backend.acquire_fenced_async("jobs", "a", 30) == 2
    assert await backend.renew_lease("jobs", "a", 30)
    assert not await backend.renew_lease("jobs", "b", 30)
    assert not await backend.release_lease("jobs", "b")
    assert await backend.release_lease("jobs", "a")
    assert await backend.get_lease_holder("jobs") is None


async def test_holding_renews_and_gives_back(driver: MongoDriver) -> None:
    leases, others = MongoLeases(driver, "me"), MongoLeases(driver, "other")
    async with holding(leases, "jobs", 6) as held:
        assert held is not None
        first_end = await ends_at(driver)

        async def renewed() -> bool:
            return await ends_at(driver) > first_end

        await eventually(renewed)
        assert not held.lost.is_set()
        async with holding(others, "jobs", 6) as refused:
            assert refused is None
    assert await leases.holder_async("jobs") is None


async def test_a_holder_learns_that_its_lease_was_taken(driver: MongoDriver) -> None:
    leases = MongoLeases(driver, "me")
    async with holding(leases, "jobs", 3) as held:
        assert held is not None
        await driver.collection("leases").update_one(
            {"_id": "jobs"}, {"$set": {"holder": "other", "expires_at": FAR_AWAY}, "$inc": {"token": 1}}
        )
        await asyncio.wait_for(held.lost.wait(), 60)
    assert await leases.holder_async("jobs") == "other"


async def test_a_holder_cut_off_from_the_database_counts_its_lease_as_lost(
    mongod_process: LocalMongod, driver_name: DriverName
) -> None:
    # Only the lease's own clock can tell in time: the driver looks for its server for much longer.
    driver = open_driver(driver_name, mongod_process.uri, "leases", serverSelectionTimeoutMS=300_000)
    try:
        async with holding(MongoLeases(driver, "me"), "jobs", 1.0) as held:
            assert held is not None
            mongod_process.kill_nine()
            await asyncio.wait_for(held.lost.wait(), 60)
    finally:
        await close_without_server_async(driver)


async def test_an_outage_is_not_mistaken_for_a_taken_lease(
    mongod_process: LocalMongod, driver_name: DriverName
) -> None:
    driver = open_driver(driver_name, mongod_process.uri, "leases", serverSelectionTimeoutMS=200)
    mongod_process.kill_nine()
    try:
        with pytest.raises(UnavailableError):
            await MongoLeases(driver, "me").try_acquire_async("jobs", 1)
    finally:
        await close_without_server_async(driver)
