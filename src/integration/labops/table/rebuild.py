"""Building the table anew from the log, beside the one that serves."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from application.kernel.event_feed import EventFeed
from domain.kernel.clock import Clock
from domain.kernel.errors import UnavailableError
from integration.labops.table.contents import TableContents
from integration.labops.table.follower import LogFollower
from integration.labops.table.manifest import Image, Manifest
from integration.labops.table.segment_files import SegmentFiles
from integration.labops.table.served import ServedTable
from integration.labops.table.upkeep import Upkeep

log = structlog.get_logger(__name__)

Progress = Callable[[int, int], Awaitable[None]]
"""Awaited with (position, head) after each page."""


class TableRebuild:
    """Makes the next generation of the table, one at a time.

    Attributes:
        under_way: whether one is being made.
    """

    def __init__(
        self,
        served: ServedTable,
        feed: EventFeed,
        follower: LogFollower,
        files: SegmentFiles,
        upkeep: Upkeep,
        clock: Clock,
    ) -> None:
        self.under_way = False
        self._served = served
        self._feed = feed
        self._follower = follower
        self._files = files
        self._upkeep = upkeep
        self._clock = clock

    async def run_async(self, on_progress: Progress | None = None, order: int = 0) -> None:
        """Read the whole log into a new generation, then serve it. When that fails, the old one goes on.

        Args:
            order: that is followed; 0 when nobody ordered it.

        Raises:
            UnavailableError: one is being built already, or the log cannot be read.
        """
        if self.under_way:
            raise UnavailableError("the table of specimens is being built already", 5.0)
        self.under_way = True
        fresh = TableContents(Manifest(Image(generation=self._served.contents.generation + 1)))
        fresh.rebuilt_at = self._clock.now().isoformat()
        fresh.order = max(order, self._served.contents.order)
        try:
            await self._catch_up_async(fresh, on_progress)
            async with self._upkeep.alone:
                await self._upkeep.write_async(fresh, publish=False)
                while fresh.position < self._served.contents.position:
                    await self._follower.read_page_async(fresh)
                old = self._served.contents
                self._served.replace(fresh)
                await asyncio.to_thread(fresh.kept.write, self._files.folder)
                self._files.retire(old.kept.files)
        except BaseException:
            if self._served.contents is not fresh:
                self._files.retire(fresh.kept.files)
            raise
        finally:
            self.under_way = False
        log.info("specimen_table_rebuilt", generation=fresh.generation, position=fresh.position)

    async def _catch_up_async(self, fresh: TableContents, on_progress: Progress | None) -> None:
        while True:
            read = await self._follower.read_page_async(fresh)
            if self._upkeep.makes_a_file(fresh):
                async with self._upkeep.alone:
                    await self._upkeep.write_async(fresh, publish=False)
            if on_progress is not None and read:
                await on_progress(fresh.position, max(self._feed.last_seen, fresh.position))
            if read < self._follower.page_commits and fresh.position >= self._served.contents.position:
                return
