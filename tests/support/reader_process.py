"""A process that runs one subscription and one read model over the log of tallies until it is killed.

Run as ``python -m tests.support.reader_process URI DATABASE NAME``. The subscriber writes what it hears, with the
process' name, into the collection ``heard``; prints ``reading`` once it has started.
"""

import asyncio
import sys

from application.kernel.event_feed import RecordedFact
from domain.kernel.clock import SystemClock
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.driver import MongoDriver, open_driver
from integration.mongo.subscriptions.checkpoints import Checkpoints
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch
from integration.mongo.subscriptions.subscription_host import MongoSubscriptions
from tests.support.tallies import Listener, TotalsProjector, tally_store


class WritingListener(Listener):
    """Writes down what it heard, each delivery on its own."""

    def __init__(self, driver: MongoDriver, process: str) -> None:
        super().__init__("writing")
        self._heard = driver.collection("heard")
        self._process = process

    async def handle_async(self, fact: RecordedFact) -> None:
        entry = {"event": fact.event.event_id, "position": fact.position, "process": self._process}
        await self._heard.insert_one(entry)


async def main(uri: str, database: str, process: str) -> None:
    driver = open_driver("motor", uri, database)
    clock = SystemClock()
    store = tally_store(driver, clock)
    watch = ReadModelWatch(driver, Checkpoints(driver, clock))
    listeners = [WritingListener(driver, process)]
    host = MongoSubscriptions(
        driver, MongoLeases(driver, process), clock, watch, [store], listeners, [TotalsProjector()]
    )
    await host.start_async()
    print("reading", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
