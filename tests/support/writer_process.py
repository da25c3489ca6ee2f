"""A process that writes to the log of tallies: ``python -m tests.support.writer_process URI DATABASE NAME COMMITS``.

Prints ``acked <n>`` at its end; many of its streams are shared with others, so that it meets conflicts.
"""

import asyncio
import sys

from neuroglia.data.exceptions import OptimisticConcurrencyException

from integration.mongo.driver import open_driver
from tests.support.tallies import counted, tally_store


async def main(uri: str, database: str, name: str, commits: int) -> None:
    driver = open_driver("motor", uri, database)
    store = tally_store(driver)
    await store.prepare_async()
    left = commits
    conflicts = 0

    async def write(number: int) -> None:
        nonlocal left, conflicts
        while left > 0:
            left -= 1
            stream = f"tally-shared{left % 5}" if left % 10 == 0 else f"tally-{name}{number}"
            while True:
                head = len(await store.load_events_async(stream))
                try:
                    await store.commit_async(stream, [counted(stream, head + 1)], head)
                    break
                except OptimisticConcurrencyException:
                    conflicts += 1

    await asyncio.gather(*(write(number) for number in range(16)))
    await store.close_async()
    await driver.close_async()
    print(f"acked {commits} conflicts {conflicts}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
