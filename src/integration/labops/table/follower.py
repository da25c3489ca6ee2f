"""Bringing the contents of a table up to the log, page by page."""

import asyncio
from collections.abc import Sequence

import structlog

from application.labops.specimen_table import Row
from domain.kernel.errors import UndecodableEventError
from integration.labops.table.contents import TableContents
from integration.labops.table.manifest import Change, Image
from integration.labops.table.rows import DELETED, STREAM_PREFIX, row_of_event, row_of_stored
from integration.mongo.events.commit_tails import CommitTails
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.fresh_commits import CommitTail

log = structlog.get_logger(__name__)

PAGE_COMMITS = 5_000
COMMITS_PER_TURN = 500
"""Commits that are taken at a stretch, about a millisecond, before others get a turn."""
_ASK: Row = ()


class LogFollower:
    """Reads ends of commits and puts what they say into contents.

    Attributes:
        page_commits: most commits that are read at once; fewer mean that the end of the log is reached.
    """

    def __init__(self, tails: CommitTails, page_commits: int = PAGE_COMMITS) -> None:
        self.page_commits = page_commits
        self._tails = tails

    async def is_of_this_log_async(self, image: Image) -> bool:
        """Tell whether the commit that an image ends with is in the log, at its position."""
        if not image.position:
            return True
        return await self._tails.command_at_async(image.position) == image.command_id

    async def read_page_async(self, contents: TableContents) -> int:
        """Take the next commits; return how many there were. Contents are whole whenever others get a turn."""
        page = await self._tails.read_async(contents.position, self.page_commits)
        for start in range(0, len(page), COMMITS_PER_TURN):
            if start:
                await asyncio.sleep(0)
            part = page[start : start + COMMITS_PER_TURN]
            rows = [_row_of(commit) for commit in part]
            for place, row in enumerate(rows):
                if row is _ASK:
                    rows[place] = await self._decoded_async(part[place])
            _take(contents, part, rows)
        return len(page)

    async def _decoded_async(self, commit: CommitTail) -> Row | None:
        try:
            event = await self._tails.decode_async(commit)
            return row_of_event(commit.stream[len(STREAM_PREFIX) :], commit.last, event)
        except (UndecodableEventError, ValueError) as error:
            log.warning("corrupt_event", read_model="specimen_table", position=commit.position, error=str(error))
            return None


def _row_of(commit: CommitTail) -> Row | None:
    """Return what a commit says: a row, None for none, ``_ASK`` when only the codec knows."""
    stored = commit.stored
    if stored is None or not commit.stream.startswith(STREAM_PREFIX):
        return None
    row = row_of_stored(commit.stream[len(STREAM_PREFIX) :], commit.last, stored)
    if row is None and EventCodec.type_of(stored) != DELETED:
        return _ASK
    return row


def _take(contents: TableContents, commits: Sequence[CommitTail], rows: Sequence[Row | None]) -> None:
    changed: CommitTail | None = None
    for commit, row in zip(commits, rows, strict=True):
        if commit.stream.startswith(STREAM_PREFIX):
            contents.put(commit.stream[len(STREAM_PREFIX) :], commit.first, row)
            changed = commit
    if changed is not None:
        contents.changed = Change(changed.position, changed.command_id, changed.stored_at)
    contents.position, contents.command_id = commits[-1].position, commits[-1].command_id
    contents.freeze()
