"""A process that changes records: ``python -m tests.support.records_process URI DATABASE NAME ROUNDS``.

In each round it inserts a record and, in the same batch, adds one to the first four records of the opportunity.
"""

import asyncio
import sys

from domain.records.errors import RecordChangedError
from integration.mongo.driver import open_driver
from tests.support.records import ASHA, OWN, change, local_store, new


async def main(uri: str, database: str, name: str, rounds: int) -> None:
    driver = open_driver("motor", uri, database)
    lost = 0
    async with local_store(driver) as store:
        for number in range(rounds):
            while True:
                first = (await store.records.find_async(ASHA, OWN, limit=4)).records
                items = [change(one.id, one, data={"n": one.data["n"] + 1}) for one in first]
                try:
                    await store.records.write_async(ASHA, [new(data=f"{name}{number}"), *items])
                    break
                except RecordChangedError:
                    lost += 1
                    await asyncio.sleep(0.005)
    await driver.close_async()
    print(f"wrote {rounds} lost {lost}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
