"""When rows in memory become files, and files are merged and swept: one such work at a time."""

import asyncio

import structlog

from integration.labops.table.contents import TableContents
from integration.labops.table.segment_files import SegmentFiles

log = structlog.get_logger(__name__)

FLUSH_SECONDS = 300.0
FLUSH_ROWS_IN_TIME = 2_000
"""So few rows are not worth a file however old they are: a restart reads them from the log in a moment."""
MOST_UNFLUSHED = 2
"""Reading waits when so many times the rows of a file are in memory."""


class Upkeep:
    """Writes contents to files.

    Args:
        flush_rows: rows in memory that make a file.
        sweep_seconds: how long files may hold what was erased from the log.

    Attributes:
        alone: held by whoever works on the files.
    """

    def __init__(self, files: SegmentFiles, flush_rows: int, sweep_seconds: float) -> None:
        self.alone = asyncio.Lock()
        self._files = files
        self._flush_rows = flush_rows
        self._sweep_seconds = sweep_seconds
        self._written_at = 0.0

    def note_written(self) -> None:
        """Count the time until the next file from now."""
        self._written_at = asyncio.get_running_loop().time()

    def is_due(self, contents: TableContents) -> bool:
        """Tell whether there are rows enough for a file, or something has waited long enough for one."""
        if self.makes_a_file(contents):
            return True
        age = asyncio.get_running_loop().time() - self._written_at
        if contents.unswept and age > self._sweep_seconds:
            return True
        return age > FLUSH_SECONDS and contents.unflushed >= FLUSH_ROWS_IN_TIME

    def makes_a_file(self, contents: TableContents) -> bool:
        """Tell whether there are rows enough for a file, however new they are."""
        return contents.unflushed >= self._flush_rows

    async def wait_for_room_async(self, contents: TableContents) -> None:
        """Wait for the work under way while rows come faster than the disk takes them."""
        if contents.unflushed > MOST_UNFLUSHED * self._flush_rows:
            async with self.alone:
                pass

    async def write_async(self, contents: TableContents, *, publish: bool) -> None:
        """Write what is in memory, merge what is worth it, and sweep what was erased. Whoever calls holds ``alone``.

        Args:
            publish: whether the manifest names the files from now on; not while a generation is still being built.

        Raises:
            UnavailableError: the engine could not work on its files. What is in memory stays there.
        """
        unswept = frozenset(contents.unswept)
        await self._files.flush_async(contents, publish=publish)
        while await self._files.compact_async(contents, publish=publish):
            log.info("specimen_table_compacted", segments=len(contents.kept.segments))
        await self._files.sweep_async(contents, unswept, publish=publish)
        contents.unswept -= unswept
