"""Keeping the table up with the log for as long as the process lives."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from application.kernel.event_feed import EventFeed
from domain.kernel.errors import UnavailableError
from integration.labops.table.contents import TableContents
from integration.labops.table.follower import LogFollower
from integration.labops.table.manifest import DamagedTableError, Image, Manifest
from integration.labops.table.rebuild import TableRebuild
from integration.labops.table.segment_files import SegmentFiles
from integration.labops.table.served import ServedTable
from integration.labops.table.upkeep import Upkeep

log = structlog.get_logger(__name__)

LOOK_AGAIN_SECONDS = 1.0
AFTER_OUTAGE_SECONDS = 1.0
AFTER_FAILED_FLUSH_SECONDS = 5.0


class TableKeeper:
    """Loads what is on disk, follows the log, and has files written and damage mended."""

    def __init__(
        self,
        served: ServedTable,
        feed: EventFeed,
        follower: LogFollower,
        files: SegmentFiles,
        upkeep: Upkeep,
        rebuild: TableRebuild,
    ) -> None:
        self._unread: str | None = None
        self._unwritten: str | None = None
        self._served = served
        self._feed = feed
        self._follower = follower
        self._files = files
        self._upkeep = upkeep
        self._rebuild = rebuild
        self._head_at_start = 0
        self._stopping = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def failure(self) -> str | None:
        """Why it does not get on, None when all is well."""
        damage = self._served.damage
        if damage is not None:
            return f"{damage}; the table is being built anew from the log"
        return self._unread or self._unwritten

    @property
    def head(self) -> int:
        """Last position of the log that this process knows of."""
        return max(self._feed.last_seen, self._head_at_start)

    async def start_async(self) -> None:
        """Load what there is and begin to follow; when MongoDB does not answer, both are tried until it does."""
        try:
            await self._load_async()
        except UnavailableError as error:
            log.warning("specimen_table_waits_for_store", error=str(error))
        self._start(self._follow_for_ever(), "specimen-table")

    async def stop_async(self) -> None:
        """Stop following, write what is in memory, and leave no file that is not named."""
        self._stopping = True
        while self._tasks:
            # Once is not enough: a wait that ends at the same moment swallows it.
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=1.0)
        self._served.forget_view()
        if self._served.loaded:
            contents = self._served.contents
            if contents.unflushed:
                await self._files.flush_async(contents)
            else:
                await self._files.publish_async(contents)
            await asyncio.to_thread(self._files.remove_orphans, contents.kept)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _load_async(self) -> None:
        """Begin with what is on disk if that is of this log, and whole; else with nothing."""
        try:
            manifest = await asyncio.to_thread(self._files.load)
        except DamagedTableError as error:
            log.warning("specimen_table_damaged", error=str(error))
            manifest = await self._nothing_async()
        if not await self._follower.is_of_this_log_async(manifest.image):
            log.warning("specimen_table_of_another_log", position=manifest.image.position)
            manifest = await self._nothing_async()
        self._head_at_start = await self._feed.head_async()
        self._upkeep.note_written()
        self._served.replace(TableContents(manifest))

    async def _nothing_async(self) -> Manifest:
        nothing = Manifest(Image())
        await asyncio.to_thread(self._files.remove_orphans, nothing)
        return nothing

    async def _follow_for_ever(self) -> None:
        while not self._stopping:
            try:
                if not self._served.loaded:
                    await self._load_async()
                await self._follow_async()
            except UnavailableError as error:
                self._unread = str(error)
                log.warning("specimen_table_waits", error=str(error))
            except Exception as error:  # process edge: the table must go on whatever one page does to it
                self._unread = f"{type(error).__name__}: {error}"
                log.exception("specimen_table_failed")
            await asyncio.sleep(AFTER_OUTAGE_SECONDS)

    async def _follow_async(self) -> None:
        while not self._stopping:
            contents = self._served.contents
            behind = contents.position < self._head_at_start
            if behind or await self._feed.wait_beyond_async(contents.position, LOOK_AGAIN_SECONDS):
                await self._read_page_async(contents)
            self._unread = None
            if self._served.doubted and not self._rebuild.under_way:
                self._start(self._mend_async(), "specimen-table-mend")
            if self._upkeep.is_due(contents) and not self._upkeep.alone.locked():
                self._start(self._write_async(), "specimen-table-flush")
            await self._upkeep.wait_for_room_async(contents)

    async def _read_page_async(self, contents: TableContents) -> None:
        read = await self._follower.read_page_async(contents)
        self._served.tell_moved()
        if read < self._follower.page_commits:
            await asyncio.sleep(min(0.05, read / 20_000))

    async def _write_async(self) -> None:
        async with self._upkeep.alone:
            try:
                await self._upkeep.write_async(self._served.contents, publish=True)
                self._unwritten = None
            except UnavailableError as error:
                self._unwritten = str(error)
                log.warning("specimen_table_not_flushed", error=str(error))
                await asyncio.sleep(AFTER_FAILED_FLUSH_SECONDS)
            self._upkeep.note_written()
            self._served.forget_view()

    async def _mend_async(self) -> None:
        """Look at all files after an answer failed; build the table anew when one of them is not as it was written."""
        self._served.doubted = False
        kept = self._served.contents.kept
        damage = await asyncio.to_thread(kept.damage)
        if damage is None or kept is not self._served.contents.kept:
            return
        log.warning("specimen_table_damaged", error=damage)
        self._served.damage = damage
        try:
            await self._rebuild.run_async()
        except UnavailableError as error:
            log.warning("specimen_table_not_rebuilt", error=str(error))
            self._served.doubt()
