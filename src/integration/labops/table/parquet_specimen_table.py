"""The analytic read model of this process: Parquet files that follow the log, and DuckDB that answers from them."""

import asyncio
from datetime import datetime
from pathlib import Path

from neuroglia.hosting.abstractions import HostedService

from application.kernel.event_feed import EventFeed
from application.kernel.subscriptions import OwnReadModel, ReadModelStatus
from application.labops.specimen_table import SpecimenTable, TableStatus
from domain.kernel.clock import Clock
from domain.kernel.errors import UnavailableError
from integration.labops.table.engine import Engine
from integration.labops.table.follower import PAGE_COMMITS, LogFollower
from integration.labops.table.keeper import TableKeeper
from integration.labops.table.rebuild import Progress, TableRebuild
from integration.labops.table.rebuild_orders import OrderedRebuilds, RebuildOrders
from integration.labops.table.segment_files import FLUSH_ROWS, SegmentFiles
from integration.labops.table.served import ServedTable
from integration.labops.table.slots import Slot
from integration.labops.table.upkeep import Upkeep
from integration.labops.table.views import HeldSnapshot
from integration.mongo.events.commit_tails import CommitTails

SWEEP_SECONDS = 60.0
"""After so long at most, what was erased from the log is no longer in the files either."""


class ParquetSpecimenTable(SpecimenTable, OwnReadModel, HostedService):
    """The table over Parquet files and DuckDB.

    Args:
        orders: to build it anew, which all processes follow.
        root: folder for the tables of all processes; each takes a numbered one below it.
        memory_mb: what the engine may use for questions, and once more for work on files.
        flush_rows: rows in memory that make a file.
        page_commits: commits that are read at once.
        sweep_seconds: how long files may hold what was erased from the log.
    """

    name = "specimen_table"

    def __init__(
        self,
        feed: EventFeed,
        tails: CommitTails,
        orders: RebuildOrders,
        clock: Clock,
        root: Path,
        memory_mb: int,
        flush_rows: int = FLUSH_ROWS,
        page_commits: int = PAGE_COMMITS,
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        self.log = feed.log
        self._feed = feed
        self._follower = LogFollower(tails, page_commits)
        self._orders = orders
        self._clock = clock
        self._root = root
        self._memory_mb = memory_mb
        self._flush_rows = flush_rows
        self._sweep_seconds = sweep_seconds
        self._served = ServedTable()
        self._slot: Slot | None = None
        self._engine: Engine | None = None
        self._rebuild: TableRebuild | None = None
        self._ordered: OrderedRebuilds | None = None
        self._keeper: TableKeeper | None = None

    async def start_async(self) -> None:
        served, feed, follower = self._served, self._feed, self._follower
        self._slot = Slot(self._root)
        self._engine = Engine(self._slot.folder, self._memory_mb, served.doubt, served.is_whole)
        files = SegmentFiles(self._slot.folder, self._engine, served.shelf)
        upkeep = Upkeep(files, self._flush_rows, self._sweep_seconds)
        self._rebuild = TableRebuild(served, feed, follower, files, upkeep, self._clock)
        self._keeper = TableKeeper(served, feed, follower, files, upkeep, self._rebuild)
        self._ordered = OrderedRebuilds(self._orders, served, self._rebuild)
        await self._ordered.before_load_async()
        await self._keeper.start_async()
        self._ordered.start()

    async def stop_async(self) -> None:
        """Have what is in memory on disk, and give the folder back."""
        if self._engine is not None:
            self._engine.interrupt_work()
        try:
            if self._ordered is not None:
                await self._ordered.stop_async()
            if self._keeper is not None:
                await self._keeper.stop_async()
        finally:
            if self._engine is not None:
                await asyncio.to_thread(self._engine.close)
            if self._slot is not None:
                self._slot.release()

    @property
    def stamp(self) -> str:
        return self._served.contents.stamp

    @property
    def failure(self) -> str | None:
        return self._keeper.failure if self._keeper else None

    def snapshot(self) -> HeldSnapshot:
        if self._engine is None:
            raise UnavailableError("the table of specimens is being loaded", 1.0)
        return self._served.snapshot(self._engine)

    def status(self) -> TableStatus:
        contents = self._served.contents
        return TableStatus(
            position=contents.position,
            head=max(self._keeper.head if self._keeper else 0, contents.position),
            specimens=contents.specimens,
            segments=len(contents.kept.segments),
            unflushed=contents.unflushed,
            rebuilding=self._is_rebuilding,
        )

    async def read_model_async(self) -> ReadModelStatus:
        contents = self._served.contents
        head = await self._feed.head_async()
        rebuilt_at = contents.rebuilt_at
        return ReadModelStatus(
            name=self.name,
            log=self.log,
            collection=f"{self._root.name}/{self._slot.folder.name if self._slot else ''}",
            documents=contents.specimens,
            position=contents.position,
            head=head,
            lag=max(0, head - contents.position),
            rebuilding=self._is_rebuilding,
            of_each_process=True,
            last_error=self.failure,
            rebuilt_at=datetime.fromisoformat(rebuilt_at) if rebuilt_at else None,
        )

    @property
    def _is_rebuilding(self) -> bool:
        return self._rebuild is not None and self._rebuild.under_way

    async def rebuild_async(self, on_progress: Progress | None = None) -> TableStatus:
        if self._ordered is None:
            raise UnavailableError("the table of specimens is being loaded", 1.0)
        await self._ordered.run_async(on_progress)
        return self.status()

    async def wait_for_async(self, position: int, timeout_seconds: float) -> bool:
        return await self._served.wait_async(lambda: self._served.contents.position >= position, timeout_seconds)
