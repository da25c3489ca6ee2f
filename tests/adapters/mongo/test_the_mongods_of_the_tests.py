"""The ground the other tests stand on."""

import pytest

from domain.kernel.errors import UnavailableError
from integration.mongo.driver import MongoDriver, open_driver, translating_outages
from tests.support.mongo import LocalMongod, ReplicaSet, open_impatient_driver_async


@pytest.mark.parametrize("driver_name", ["motor", "pymongo"], indirect=True)
async def test_both_drivers_write_in_a_transaction(driver: MongoDriver, driver_name: str) -> None:
    assert driver.name == driver_name
    labs = driver.collection("labs")
    await driver.run_in_transaction_async(lambda session: labs.insert_one({"_id": 1}, session=session))
    assert await labs.find({}).to_list(None) == [{"_id": 1}]


async def test_a_killed_mongod_comes_back_with_its_data(mongod_process: LocalMongod) -> None:
    driver = await open_impatient_driver_async("motor", mongod_process.uri, "fault")
    try:
        await driver.collection("labs").insert_one({"_id": 1})
        mongod_process.kill_nine()
        with pytest.raises(UnavailableError), translating_outages():
            await driver.collection("labs").insert_one({"_id": 2})
        mongod_process.restart()
        mongod_process.wait_until_primary()
        await driver.close_async()
        driver = open_driver("motor", mongod_process.uri, "fault", serverSelectionTimeoutMS=60_000)
        assert await driver.collection("labs").count_documents({}) == 1
    finally:
        await driver.close_async()


async def test_a_replica_set_elects_another_primary(replica_set: ReplicaSet) -> None:
    first = replica_set.primary()
    second = replica_set.step_down_primary()
    assert second is not first
    driver = open_driver("pymongo", replica_set.uri, "fault", serverSelectionTimeoutMS=60_000)
    try:
        await driver.collection("labs").insert_one({"_id": 1})
        replica_set.kill_nine(second)
        assert replica_set.primary() is not second
        replica_set.restart(second)
        await driver.collection("labs").insert_one({"_id": 2})
    finally:
        await driver.close_async()
