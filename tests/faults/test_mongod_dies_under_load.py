"""mongod is killed with signal 9 under load: what was acknowledged is there, once, and the log has no hole."""

import asyncio
import random

import pytest

from integration.mongo.driver import open_driver
from tests.support.load import Load, audit
from tests.support.mongo import LocalMongod
from tests.support.tallies import tally_store

WRITERS = 64


@pytest.mark.parametrize("driver_name", ["motor", "pymongo"], indirect=True)
async def test_every_acknowledged_commit_is_there_once(mongod_process: LocalMongod, driver_name: str) -> None:
    await _kill_again_and_again(mongod_process, driver_name, rounds=3, commits=400)


@pytest.mark.soak
async def test_every_acknowledged_commit_is_there_once_after_many_kills(mongod_process: LocalMongod) -> None:
    await _kill_again_and_again(mongod_process, "motor", rounds=20, commits=1_500)


async def _kill_again_and_again(mongod: LocalMongod, driver_name: str, rounds: int, commits: int) -> None:
    dice = random.Random(rounds)
    driver = open_driver("motor" if driver_name == "motor" else "pymongo", mongod.uri, "load")
    store = tally_store(driver)
    await store.prepare_async()
    load = Load([store])
    load.start(WRITERS)
    outages = []
    for _ in range(rounds):
        await load.run_until(commits)
        await asyncio.sleep(dice.random() / 20)
        mongod.kill_nine()
        load.longest_gap_seconds = 0.0
        await asyncio.sleep(dice.random() / 2)
        _launch(mongod)
        await asyncio.to_thread(mongod.wait_until_primary)
        await load.run_until(commits)
        outages.append(round(load.longest_gap_seconds, 1))
    await load.stop()
    found = await audit(driver, load)
    await store.close_async()
    await driver.close_async()
    print(f"driver={driver_name} rounds={rounds} retried={len(load.retried)} outage_seconds={outages} {found}")
    assert found.clean
    assert load.retried


def _launch(mongod: LocalMongod) -> None:
    # Not in a thread: the system ends a mongod together with the thread that started it.
    mongod.launch()
