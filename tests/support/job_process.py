"""A process with a job: ``python -m tests.support.job_process URI DATABASE INTERVAL TAKES``; ends on SIGTERM.

Each run writes a document with its begin and end, by the server's clock, into the collection ``executions``.
"""

import asyncio
import os
import signal
import sys

from application.kernel.jobs import LabkeeperJob, RunRecorder
from integration.mongo.driver import MongoDriver, open_driver
from tests.support.jobs import Worksheet, machinery

LEASE_SECONDS = 8.0
"""Long enough for a process that a busy machine lets wait, short enough for a test to see it run out."""


class WritingJob(LabkeeperJob):
    """Writes when it began and when it ended."""

    task_id = "writing"
    description = "Writes when it ran"

    def __init__(self, sheet: Worksheet, driver: MongoDriver) -> None:
        self.interval_seconds = sheet.interval_seconds
        self.takes_seconds = sheet.takes_seconds
        self.executions = driver.collection("executions")

    async def run_async(self, recorder: RunRecorder, trigger: str) -> None:
        key = {"_id": recorder.run.run_id}
        await self.executions.update_one(
            key, [{"$set": {"pid": os.getpid(), "trigger": trigger, "began": "$$NOW"}}], upsert=True
        )
        await asyncio.sleep(self.takes_seconds)
        await self.executions.update_one(key, [{"$set": {"ended": "$$NOW"}}])


async def main(uri: str, database: str, interval: float, takes: float) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    driver = open_driver("motor", uri, database)
    sheet = Worksheet(interval_seconds=interval, takes_seconds=takes)
    async with machinery(driver, sheet, LEASE_SECONDS, "tests.support.job_process") as process:
        await process.scheduler.start_async()
        print("started", flush=True)
        await stop.wait()
    await driver.close_async()


if __name__ == "__main__":
    # Found again under its real name, so that the job class is the one that the scheduler imports.
    from tests.support.job_process import main as run

    asyncio.run(run(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])))
