"""The ends of the newest commits of this process, for a reader that would else ask the database for them at once."""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple

from integration.mongo.events.commits import Commit

MOST_KEPT = 5_000
MOST_BYTES = 16 * 1024 * 1024


class CommitTail(NamedTuple):
    """What is left of a commit when only its end counts.

    Attributes:
        position, command_id, stored_at: of the commit; ``stored_at`` is UTC without zone.
        stream, first, last: its stream, and the versions of its first and last event.
        stored: the last event as it is stored, times in UTC without zone; None when it was erased.
    """

    position: int
    command_id: str
    stored_at: datetime
    stream: str
    first: int
    last: int
    stored: Mapping[str, Any] | None


class FreshCommits:
    """Keeps what was stored with a majority until it was read; of more than it may hold, nothing.

    What it gives equals what the log would give, with two exceptions: an event that was erased a moment ago may still
    come, before its tombstone; and times inside of nested data are as they were written.
    """

    def __init__(self, most: int = MOST_KEPT, most_bytes: int = MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._kept: deque[Commit] = deque()
        self._first = 0
        self._bytes = 0

    def add(self, position: int, commits: Sequence[Commit]) -> None:
        """Take commits that were stored from a position on."""
        if self._first + len(self._kept) != position:
            self._forget(position)
        self._kept.extend(commits)
        self._bytes += sum(commit.size for commit in commits)
        if len(self._kept) > self._most or self._bytes > self._most_bytes:
            self._forget(position + len(commits))

    def _forget(self, following: int) -> None:
        self._kept.clear()
        self._first, self._bytes = following, 0

    def read(self, after: int, limit: int) -> list[CommitTail]:
        """Return the ends of up to ``limit`` commits after a position; none when the next one is not kept.

        Those up to ``after`` are let go.
        """
        if after + 1 < self._first:
            return []
        while self._kept and self._first <= after:
            self._bytes -= self._kept.popleft().size
            self._first += 1
        return [_tail_of(position, commit) for position, commit in enumerate(islice(self._kept, limit), self._first)]


def _tail_of(position: int, commit: Commit) -> CommitTail:
    event = commit.last_event
    stored = {
        **event,
        "at": _as_read(event["at"]),
        "data": {name: _as_read(value) for name, value in event["data"].items()},
    }
    return CommitTail(
        position, commit.command_id, _as_read(commit.at), commit.stream, commit.first, commit.last, stored
    )


def _as_read(value: Any) -> Any:
    """Return a time as the database gives it: in UTC, without zone, in whole milliseconds."""
    if type(value) is not datetime:
        return value
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.replace(tzinfo=None, microsecond=value.microsecond // 1000 * 1000)
