"""Orders to build the table anew, which every process follows: each has a table of its own."""

import asyncio

import structlog

from domain.kernel.errors import UnavailableError
from integration.labops.table.rebuild import Progress, TableRebuild
from integration.labops.table.served import ServedTable
from integration.mongo.driver import MongoDriver, translating_outages

log = structlog.get_logger(__name__)

ORDERS = "labops_table_orders"
LOOK_SECONDS = 2.0
AFTER_FAILURE_SECONDS = 10.0
_ID = "specimen_table"
_STORE = "the store of orders to rebuild the table of specimens"


class RebuildOrders:
    """One number in MongoDB that all processes see: it counts the orders."""

    def __init__(self, driver: MongoDriver) -> None:
        self._orders = driver.collection(ORDERS)

    async def latest_async(self) -> int:
        """Return the number of the last order; 0 before the first.

        Raises:
            UnavailableError: MongoDB gives no answer.
        """
        with translating_outages(_STORE):
            found = await self._orders.find_one({"_id": _ID})
        return int(found["number"]) if found else 0

    async def place_async(self) -> int:
        """Order that every process builds its table anew; return the order's number.

        Raises:
            UnavailableError: MongoDB gives no answer. The order may have been placed all the same.
        """
        with translating_outages(_STORE):
            await self._orders.update_one({"_id": _ID}, {"$inc": {"number": 1}}, upsert=True)
        return await self.latest_async()


class OrderedRebuilds:
    """Follows the orders in this process. The number that a table was built for stands in its manifest."""

    def __init__(self, orders: RebuildOrders, served: ServedTable, rebuild: TableRebuild) -> None:
        self._orders = orders
        self._served = served
        self._rebuild = rebuild
        self._at_start: int | None = None
        self._following: asyncio.Task[None] | None = None

    async def before_load_async(self) -> None:
        """Note which orders came before the table is loaded. Without MongoDB that is found out later."""
        try:
            self._at_start = await self._orders.latest_async()
        except UnavailableError:
            self._at_start = None

    def start(self) -> None:
        """Begin to follow. A table that begins empty is built from the log now: older orders ask nothing of it."""
        contents = self._served.contents
        if self._at_start is not None and contents.position == 0:
            contents.order = self._at_start
        self._following = asyncio.create_task(self._follow_async(), name="specimen-table-orders")

    async def stop_async(self) -> None:
        """End, also in the middle of a rebuild: what serves stays as it is."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    async def run_async(self, on_progress: Progress | None) -> None:
        """Order a rebuild of all processes, and do it in this one.

        Raises:
            UnavailableError: this process is building already, or the store gives no answer.
        """
        if self._rebuild.under_way:
            raise UnavailableError("the table of specimens is being built already", 5.0)
        await self._rebuild.run_async(on_progress, await self._orders.place_async())

    async def _follow_async(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                if self._served.loaded and not self._rebuild.under_way:
                    latest = await self._orders.latest_async()
                    if self._served.contents.order < latest and not self._rebuild.under_way:
                        await self._rebuild.run_async(order=latest)
            except UnavailableError as error:
                log.warning("specimen_table_order_waits", error=str(error))
                await asyncio.sleep(AFTER_FAILURE_SECONDS)
            except Exception:  # process edge: later orders must be followed whatever became of this one
                log.exception("specimen_table_order_failed")
                await asyncio.sleep(AFTER_FAILURE_SECONDS)
