"""A replica set of three loses its primary under load: nothing acknowledged is lost, and writers go on."""

import asyncio

import pytest

from integration.mongo.driver import open_driver
from tests.support.load import Load, audit
from tests.support.mongo import ReplicaSet
from tests.support.tallies import tally_store

WRITERS = 32


@pytest.mark.parametrize("driver_name", ["motor", "pymongo"], indirect=True)
async def test_writers_go_on_after_a_step_down_and_a_kill(replica_set: ReplicaSet, driver_name: str) -> None:
    drivers = [open_driver("motor" if driver_name == "motor" else "pymongo", replica_set.uri, "load") for _ in range(2)]
    stores = [tally_store(driver) for driver in drivers]
    for store in stores:
        await store.prepare_async()
    load = Load(stores)
    load.start(WRITERS)
    outages = {}
    await load.run_until(300)
    load.longest_gap_seconds = 0.0
    await asyncio.to_thread(replica_set.step_down_primary)
    await load.run_until(300)
    outages["step_down"] = round(load.longest_gap_seconds, 1)
    killed = await asyncio.to_thread(replica_set.primary)
    load.longest_gap_seconds = 0.0
    replica_set.kill_nine(killed)
    await load.run_until(300)
    outages["kill"] = round(load.longest_gap_seconds, 1)
    replica_set.restart(killed)
    await load.run_until(100)
    await load.stop()
    found = await audit(drivers[0], load)
    for store, driver in zip(stores, drivers, strict=True):
        await store.close_async()
        await driver.close_async()
    print(f"driver={driver_name} retried={len(load.retried)} outage_seconds={outages} {found}")
    assert found.clean
