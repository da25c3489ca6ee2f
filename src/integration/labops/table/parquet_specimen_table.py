"""The analytic read model of this process: follows the log, keeps files, answers with snapshots."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from neuroglia.hosting.abstractions import HostedService

from application.kernel.event_feed import EventFeed
from application.kernel.subscriptions import OwnReadModel, ReadModelStatus
from application.labops.specimen_table import SpecimenTable, TableStatus
from domain.kernel.clock import Clock
from domain.kernel.errors import UnavailableError
from integration.labops.table.contents import TableContents
from integration.labops.table.engine import Engine
from integration.labops.table.files import FileShelf
from integration.labops.table.follower import PAGE_COMMITS, LogFollower
from integration.labops.table.manifest import DamagedTableError, Image, Manifest
from integration.labops.table.moves import Moves
from integration.labops.table.segment_files import FLUSH_ROWS, SegmentFiles
from integration.labops.table.slots import Slot
from integration.labops.table.views import HeldSnapshot, TableView
from integration.mongo.events.commit_tails import CommitTails

log = structlog.get_logger(__name__)

LOOK_AGAIN_SECONDS = 1.0
AFTER_OUTAGE_SECONDS = 1.0
AFTER_FAILED_FLUSH_SECONDS = 5.0
FLUSH_SECONDS = 300.0
SWEEP_SECONDS = 60.0
"""After so long at most, what was erased from the log is no longer in the files either."""
FLUSH_ROWS_IN_TIME = 2_000
"""So few rows are not worth a file however old they are: a restart reads them from the log in a moment."""
MOST_UNFLUSHED = 2
"""Reading waits when so many times ``FLUSH_ROWS`` are in memory."""
Progress = Callable[[int, int], Awaitable[None]]


class ParquetSpecimenTable(SpecimenTable, OwnReadModel, HostedService):
    """The table over Parquet files and DuckDB.

    Args:
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
        clock: Clock,
        root: Path,
        memory_mb: int,
        flush_rows: int = FLUSH_ROWS,
        page_commits: int = PAGE_COMMITS,
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        self.log = feed.log
        self._feed = feed
        self._tails = tails
        self._follower = LogFollower(tails)
        self._clock = clock
        self._root = root
        self._memory_mb = memory_mb
        self._flush_rows = flush_rows
        self._page = page_commits
        self._sweep_seconds = sweep_seconds
        self._shelf = FileShelf()
        self._contents = TableContents(Manifest(Image()))
        self._moves = Moves()
        self._maintaining = asyncio.Lock()
        self._rebuilding = False
        self._damaged = False
        self._ready = False
        self._stopping = False
        self._flushed_at = 0.0
        self._head_at_start = 0
        self._slot: Slot | None = None
        self._engine: Engine | None = None
        self._files: SegmentFiles | None = None
        self._view: TableView | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    # --- its life

    async def start_async(self) -> None:
        self._slot = Slot(self._root)
        self._engine = Engine(self._slot.folder, self._memory_mb, self._notice_failure)
        self._files = SegmentFiles(self._slot.folder, self._engine, self._shelf)
        try:
            await self._load_async(self._files)
        except UnavailableError as error:
            log.warning("specimen_table_waits_for_store", error=str(error))
        self._start(self._follow_for_ever(self._files), "specimen-table")

    async def stop_async(self) -> None:
        """Stop following, write what is in memory, and leave no file that is not named."""
        self._stopping = True
        if self._engine is not None:
            self._engine.interrupt_work()
        while self._tasks:
            # Once is not enough: a wait that ends at the same moment swallows it.
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=1.0)
        self._forget_view()
        try:
            if self._files is not None and self._ready:
                if self._contents.unflushed:
                    await self._files.flush_async(self._contents)
                await asyncio.to_thread(self._files.remove_orphans, self._contents.kept)
        finally:
            if self._engine is not None:
                await asyncio.to_thread(self._engine.close)
            if self._slot is not None:
                self._slot.release()

    def _start(self, work: Any, name: str) -> "asyncio.Task[Any]":
        task: asyncio.Task[Any] = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _load_async(self, files: SegmentFiles) -> None:
        """Begin with what is on disk if that is of this log, and whole; else with nothing."""
        try:
            manifest = await asyncio.to_thread(files.load)
        except DamagedTableError as error:
            log.warning("specimen_table_damaged", error=str(error))
            manifest = await self._nothing_async(files)
        position, command_id = manifest.image.position, manifest.image.command_id
        if position and await self._tails.command_at_async(position) != command_id:
            log.warning("specimen_table_of_another_log", position=position)
            manifest = await self._nothing_async(files)
        self._head_at_start = await self._feed.head_async()
        self._contents = TableContents(manifest)
        self._flushed_at = asyncio.get_running_loop().time()
        self._ready = True
        self._tell_moved()

    async def _nothing_async(self, files: SegmentFiles) -> Manifest:
        nothing = Manifest(Image())
        await asyncio.to_thread(files.remove_orphans, nothing)
        return nothing

    async def _follow_for_ever(self, files: SegmentFiles) -> None:
        while not self._stopping:
            try:
                if not self._ready:
                    await self._load_async(files)
                await self._follow_async(files)
            except UnavailableError as error:
                self.failure = str(error)
                log.warning("specimen_table_waits", error=str(error))
            except Exception as error:  # process edge: the table must go on whatever one page does to it
                self.failure = f"{type(error).__name__}: {error}"
                log.exception("specimen_table_failed")
            await asyncio.sleep(AFTER_OUTAGE_SECONDS)

    async def _follow_async(self, files: SegmentFiles) -> None:
        while not self._stopping:
            contents = self._contents
            behind = contents.position < self._head_at_start
            if behind or await self._feed.wait_beyond_async(contents.position, LOOK_AGAIN_SECONDS):
                read = await self._follower.read_page_async(contents, self._page)
                self.failure = None
                self._tell_moved()
                if read < self._page:
                    await asyncio.sleep(min(0.05, read / 20_000))
            if self._damaged and not self._rebuilding:
                self._start(self._mend_async(files), "specimen-table-mend")
            if self._is_flush_due(contents) and not self._maintaining.locked():
                self._start(self._maintain_async(files), "specimen-table-flush")
            if contents.unflushed > MOST_UNFLUSHED * self._flush_rows:
                async with self._maintaining:  # rows come faster than the disk takes them
                    pass

    def _is_flush_due(self, contents: TableContents) -> bool:
        if contents.unflushed >= self._flush_rows:
            return True
        age = asyncio.get_running_loop().time() - self._flushed_at
        if contents.unswept and age > self._sweep_seconds:
            return True
        return age > FLUSH_SECONDS and contents.unflushed >= FLUSH_ROWS_IN_TIME

    async def _maintain_async(self, files: SegmentFiles) -> None:
        async with self._maintaining:
            try:
                await self._flush_async(files, self._contents, publish=True)
            except UnavailableError as error:
                self.failure = str(error)
                log.warning("specimen_table_not_flushed", error=str(error))
                await asyncio.sleep(AFTER_FAILED_FLUSH_SECONDS)
            self._flushed_at = asyncio.get_running_loop().time()
            self._forget_view()

    async def _flush_async(self, files: SegmentFiles, contents: TableContents, *, publish: bool) -> None:
        unswept = frozenset(contents.unswept)
        await files.flush_async(contents, publish=publish)
        while await files.compact_async(contents, publish=publish):
            log.info("specimen_table_compacted", segments=len(contents.kept.segments))
        await files.sweep_async(contents, unswept, publish=publish)
        contents.unswept -= unswept

    # --- damage, and building anew

    def _notice_failure(self) -> None:
        self._damaged = True

    async def _mend_async(self, files: SegmentFiles) -> None:
        """Look at all files after an answer failed; build the table anew when one of them is not as it was written."""
        self._damaged = False
        kept = self._contents.kept
        if not await asyncio.to_thread(files.check, kept) and kept is self._contents.kept:
            try:
                await self.rebuild_async()
            except UnavailableError as error:
                log.warning("specimen_table_not_rebuilt", error=str(error))
                self._damaged = True

    async def rebuild_async(self, on_progress: Progress | None = None) -> TableStatus:
        files = self._files
        if files is None or self._rebuilding:
            raise UnavailableError("the table of specimens is being built already", 5.0)
        self._rebuilding = True
        fresh = TableContents(Manifest(Image(generation=self._contents.generation + 1)))
        fresh.rebuilt_at = self._clock.now().isoformat()
        try:
            await self._catch_up_async(files, fresh, on_progress)
            async with self._maintaining:
                await self._flush_async(files, fresh, publish=False)
                while fresh.position < self._contents.position:
                    await self._follower.read_page_async(fresh, self._page)
                old, self._contents = self._contents, fresh
                self._tell_moved()
                await asyncio.to_thread(fresh.kept.write, files.folder)
                files.retire(old.kept.files)
        except BaseException:
            if self._contents is not fresh:
                files.retire(fresh.kept.files)
            raise
        finally:
            self._rebuilding = False
        log.info("specimen_table_rebuilt", generation=fresh.generation, position=fresh.position)
        return self.status()

    async def _catch_up_async(self, files: SegmentFiles, fresh: TableContents, on_progress: Progress | None) -> None:
        while True:
            read = await self._follower.read_page_async(fresh, self._page)
            if fresh.unflushed >= self._flush_rows:
                async with self._maintaining:
                    await self._flush_async(files, fresh, publish=False)
            if on_progress is not None and read:
                await on_progress(fresh.position, max(self._feed.last_seen, fresh.position))
            if read < self._page and fresh.position >= self._contents.position:
                return

    # --- the port

    def _tell_moved(self) -> None:
        self._forget_view()
        self._moves.tell()

    def _forget_view(self) -> None:
        if self._view is not None:
            self._view.release()
            self._view = None

    @property
    def stamp(self) -> str:
        return self._contents.stamp

    def snapshot(self) -> HeldSnapshot:
        if self._engine is None or not self._ready:
            raise UnavailableError("the table of specimens is being loaded", 1.0)
        contents = self._contents
        if self._view is None:
            self._view = TableView(
                contents.seen(), contents.position, contents.stamp, contents.changed_at, self._engine, self._shelf
            )
            self._view.hold()
        return HeldSnapshot(self._view)

    def status(self) -> TableStatus:
        contents = self._contents
        return TableStatus(
            position=contents.position,
            head=max(self._feed.last_seen, self._head_at_start, contents.position),
            specimens=contents.specimens,
            segments=len(contents.kept.segments),
            unflushed=contents.unflushed,
            rebuilding=self._rebuilding,
        )

    async def read_model_async(self) -> ReadModelStatus:
        contents = self._contents
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
            rebuilding=self._rebuilding,
            rebuilt_at=datetime.fromisoformat(rebuilt_at) if rebuilt_at else None,
        )

    async def wait_for_async(self, position: int, timeout_seconds: float) -> bool:
        return await self._moves.wait_async(lambda: self._contents.position >= position, timeout_seconds)

    async def wait_changed_async(self, stamp: str, timeout_seconds: float) -> bool:
        return await self._moves.wait_async(lambda: self.stamp != stamp, timeout_seconds)
