"""The analytic read model of this process: follows the log, keeps files, answers with snapshots."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog
from neuroglia.hosting.abstractions import HostedService

from application.kernel.event_feed import EventFeed
from application.labops.specimen_table import SpecimenTable, TableStatus
from domain.kernel.errors import UnavailableError
from integration.labops.table.contents import TableContents
from integration.labops.table.engine import Engine
from integration.labops.table.files import FileShelf
from integration.labops.table.follower import PAGE_COMMITS, LogFollower
from integration.labops.table.slots import Slot
from integration.labops.table.views import HeldSnapshot, TableView
from integration.mongo.events.commit_tails import CommitTails

log = structlog.get_logger(__name__)

LOOK_AGAIN_SECONDS = 1.0
AFTER_OUTAGE_SECONDS = 1.0


class ParquetSpecimenTable(SpecimenTable, HostedService):
    """The table over Parquet files and DuckDB.

    Args:
        root: folder for the tables of all processes; each takes a numbered one below it.
        memory_mb: what the engine may use for questions, and once more for work on files.
    """

    def __init__(self, feed: EventFeed, tails: CommitTails, root: Path, memory_mb: int) -> None:
        self._feed = feed
        self._follower = LogFollower(tails)
        self._root = root
        self._memory_mb = memory_mb
        self._shelf = FileShelf()
        self._contents = TableContents(1)
        self._moved = asyncio.Event()
        self._slot: Slot | None = None
        self._engine: Engine | None = None
        self._view: TableView | None = None
        self._task: asyncio.Task[None] | None = None

    # --- its life

    async def start_async(self) -> None:
        self._slot = Slot(self._root)
        self._engine = Engine(self._slot.folder, self._memory_mb)
        self._task = asyncio.create_task(self._follow_for_ever(), name="specimen-table")

    async def stop_async(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._forget_view()
        if self._engine is not None:
            await asyncio.to_thread(self._engine.close)
        if self._slot is not None:
            self._slot.release()

    async def _follow_for_ever(self) -> None:
        while True:
            try:
                await self._follow_async()
            except UnavailableError as error:
                log.warning("specimen_table_waits_for_store", error=str(error))
            except Exception:  # process edge: the table must go on whatever one page does to it
                log.exception("specimen_table_failed")
            await asyncio.sleep(AFTER_OUTAGE_SECONDS)

    async def _follow_async(self) -> None:
        while True:
            contents = self._contents
            if not await self._feed.wait_beyond_async(contents.position, LOOK_AGAIN_SECONDS):
                continue
            while await self._follower.read_page_async(contents) == PAGE_COMMITS:
                self._tell_moved()
            self._tell_moved()

    def _tell_moved(self) -> None:
        self._forget_view()
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    def _forget_view(self) -> None:
        if self._view is not None:
            self._view.release()
            self._view = None

    # --- the port

    @property
    def stamp(self) -> str:
        return self._contents.stamp

    def snapshot(self) -> HeldSnapshot:
        if self._engine is None:
            raise UnavailableError("the table of specimens is being loaded", 1.0)
        contents = self._contents
        if self._view is None or self._view.position != contents.position:
            self._forget_view()
            self._view = TableView(
                contents.seen(), contents.position, contents.stamp, contents.changed_at, self._engine, self._shelf
            )
            self._view.hold()
        return HeldSnapshot(self._view)

    def status(self) -> TableStatus:
        contents = self._contents
        return TableStatus(
            position=contents.position,
            head=max(self._feed.last_seen, contents.position),
            specimens=contents.specimens,
            segments=len(contents.segments),
            unflushed=contents.unflushed,
            rebuilding=False,
        )

    async def wait_for_async(self, position: int, timeout_seconds: float) -> bool:
        return await self._wait_async(lambda: self._contents.position >= position, timeout_seconds)

    async def wait_changed_async(self, stamp: str, timeout_seconds: float) -> bool:
        return await self._wait_async(lambda: self.stamp != stamp, timeout_seconds)

    async def _wait_async(self, holds: Callable[[], bool], timeout_seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        while not holds():
            left = deadline - loop.time()
            if left <= 0:
                return False
            try:
                await asyncio.wait_for(self._moved.wait(), left)
            except TimeoutError:
                continue
        return True

    async def rebuild_async(self) -> TableStatus:
        return self.status()
