"""A process that follows the labops log: ``python -m tests.support.table_process URI DATABASE FOLDER FLUSH_ROWS``.

Prints the position of each flush and compaction, as ``<position> <files>``, until it is killed.
"""

import asyncio
import sys
from pathlib import Path

from integration.mongo.driver import open_driver
from tests.support.specimen_log import labops_log, running, table_on


async def main(uri: str, database: str, folder: Path, flush_rows: int) -> None:
    driver = open_driver("motor", uri, database)
    log = labops_log(driver)
    async with running(table_on(log, driver, folder, flush_rows=flush_rows, page_commits=3)) as table:
        while True:
            status = table.status()
            print(status.position, status.segments, flush=True)
            await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])))
