"""Group commit: what arrives while one batch is being written forms the next; one ordered insert is in flight.

The writer numbers commits densely. A version conflict fails its own commit only and takes no number; a number that
another process took means: read the tail again and renumber. When the database goes away in the middle, every commit
of the batch is looked up by its command id before it is answered, so none is lost and none is stored twice.

Commits that belong together are a batch of their own, inserted in a transaction: all of them are stored or none.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from neuroglia.data.exceptions import OptimisticConcurrencyException
from pymongo.errors import BulkWriteError, PyMongoError
from pymongo.read_concern import ReadConcern

from domain.kernel.errors import LabkeeperError
from integration.mongo.driver import MongoCollection, is_outage
from integration.mongo.events.commits import CommandReusedError, Commit, CommitInDoubtError, EventStoreBusyError

log = structlog.get_logger(__name__)

MAX_BATCH_COMMITS = 1_000
MAX_BATCH_BYTES = 8 * 1024 * 1024
DUPLICATE_KEY = 11000

Answer = tuple[int, int]
"""Position of a commit and the stream version after it."""


Insert = Callable[[list[Any]], Awaitable[None]]
"""Inserts documents in a transaction."""


class _Entry:
    """Commits that are stored together, most of the time a single one; ``answer`` is about the first."""

    __slots__ = ("answer", "commit", "in_doubt", "others")

    def __init__(self, commit: Commit, answer: asyncio.Future[Answer], others: Sequence[Commit] = ()) -> None:
        self.commit = commit
        self.others = others
        self.answer = answer
        self.in_doubt = False


class GroupCommit:
    """The one writer of a log in this process.

    Args:
        collection: the log, written with majority and read locally: uniqueness is checked against local data, so only
            a local read explains a duplicate. What such a read shows is confirmed before it is answered or built upon.
        max_waiting: bound of the queue; past it callers wait up to ``max_wait_seconds``, then get a 503.
        in_doubt_seconds: how long a batch that met an outage is tried again before it is given up as in doubt.
        on_written: called after each batch with the position of its first commit and its commits.
        insert_together: inserts all documents or none; without it commits can only be appended one by one.
    """

    def __init__(
        self,
        collection: MongoCollection,
        *,
        max_waiting: int = 20_000,
        max_wait_seconds: float = 5.0,
        in_doubt_seconds: float = 20.0,
        on_written: Callable[[int, Sequence[Commit]], None] = lambda _position, _commits: None,
        insert_together: Insert | None = None,
    ) -> None:
        self._collection = collection
        self._confirmed = collection.with_options(read_concern=ReadConcern("linearizable"))
        self._max_waiting = max_waiting
        self._waiting = 0
        self._crowd = 0
        self._room = asyncio.Event()
        self._max_wait_seconds = max_wait_seconds
        self._in_doubt_seconds = in_doubt_seconds
        self._on_written = on_written
        self._insert_together = insert_together
        self._queue: deque[_Entry] = deque()
        self._work = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._last: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def append_together_async(self, commits: Sequence[Commit]) -> list[Answer]:
        """Store commits to different streams, all of them or none.

        Raises:
            OptimisticConcurrencyException: one of the streams already has an event of that version.
            EventStoreBusyError, CommitInDoubtError: as ``append_async``.
        """
        first, _ = await self.append_async(*commits)
        return [(first + number, commit.last) for number, commit in enumerate(commits)]

    async def append_async(self, commit: Commit, *others: Commit) -> Answer:
        """Store a commit, and others together with it.

        Returns:
            Its position and the stream's version after it; of the first time, when its command id was stored before.

        Raises:
            OptimisticConcurrencyException: the stream already has an event of that version.
            EventStoreBusyError: the queue stayed full for too long; nothing was stored.
            CommitInDoubtError: the database went away; see there.
        """
        if self._waiting >= self._max_waiting:
            await self._wait_for_room_async()
        self._waiting += 1
        try:
            return await self._enqueue(commit, others)
        finally:
            self._leave(1)

    async def append_many_async(self, commits: Sequence[Commit]) -> list[Answer | OptimisticConcurrencyException]:
        """Store many commits in their order, each for itself, for a fraction of what as many callers cost.

        Returns:
            What ``append_async`` would answer each, or its refusal, in the order of the commits.

        Raises:
            EventStoreBusyError, CommitInDoubtError: as ``append_async``, for some of them; the others are settled.
        """
        answers: list[Answer | OptimisticConcurrencyException] = []
        failure: Exception | None = None
        for start in range(0, len(commits), MAX_BATCH_COMMITS):
            part = commits[start : start + MAX_BATCH_COMMITS]
            if self._waiting >= self._max_waiting:
                await self._wait_for_room_async()
            self._waiting += len(part)
            try:
                for waited in [self._enqueue(commit) for commit in part]:
                    try:
                        answers.append(await waited)
                    except OptimisticConcurrencyException as refusal:
                        answers.append(refusal)
                    except Exception as error:  # noqa: BLE001  raised below, when all are settled
                        failure = failure or error
            finally:
                self._leave(len(part))
            if failure is not None:
                raise failure
        return answers

    def _enqueue(self, commit: Commit, others: Sequence[Commit] = ()) -> asyncio.Future[Answer]:
        if self._task is None or self._task.done():
            if self._closed:
                raise EventStoreBusyError("the event store is closing")
            self._task = asyncio.create_task(self._write_for_ever(), name="group-commit")
        entry = _Entry(commit, asyncio.get_running_loop().create_future(), others)
        self._queue.append(entry)
        self._idle.clear()
        self._work.set()
        return entry.answer

    def _leave(self, number: int) -> None:
        self._waiting -= number
        if self._crowd:
            self._room.set()

    async def _wait_for_room_async(self) -> None:
        self._crowd += 1
        try:
            async with asyncio.timeout(self._max_wait_seconds):
                while self._waiting >= self._max_waiting:
                    self._room.clear()
                    await self._room.wait()
        except TimeoutError:
            raise EventStoreBusyError("too many commits wait to be written", self._max_wait_seconds) from None
        finally:
            self._crowd -= 1

    async def close_async(self) -> None:
        """Write what waits, then stop."""
        self._closed = True
        if self._task is not None:
            if not self._task.done():
                await self._idle.wait()
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _write_for_ever(self) -> None:
        while True:
            if not self._queue:
                self._idle.set()
                self._work.clear()
                await self._work.wait()
            batch = self._next_batch()
            try:
                await self._write(batch)
            except asyncio.CancelledError:
                _fail(batch, CommitInDoubtError("the event store was closed while commits were under way"))
                raise
            except Exception as error:  # process edge of the writer: it must outlive any one batch
                log.exception("group_commit_failed")
                _fail(batch, error)

    def _next_batch(self) -> list[_Entry]:
        batch: list[_Entry] = []
        size = 0
        while self._queue and len(batch) < MAX_BATCH_COMMITS:
            if batch and (batch[0].others or self._queue[0].others):
                break
            size += self._queue[0].commit.size
            if batch and size > MAX_BATCH_BYTES:
                break
            batch.append(self._queue.popleft())
        return batch

    async def _write(self, batch: list[_Entry]) -> None:
        todo = batch
        give_up_at: float | None = None
        pause = 0.05
        while todo:
            began = time.monotonic()
            try:
                if self._last is None:
                    self._last = await self._read_tail_async()
                if any(entry.in_doubt for entry in todo):
                    todo = await self._settle_doubts_async(todo)
                todo = await self._insert_async(todo) if todo else []
                give_up_at, pause = None, 0.05
            except PyMongoError as error:
                if not is_outage(error):
                    raise
                self._last = None
                for entry in todo:
                    entry.in_doubt = True
                now = time.monotonic()
                # A server that is silent has had a part of the time already when it counts as gone.
                give_up_at = give_up_at or began + self._in_doubt_seconds
                if now >= give_up_at:
                    _fail(todo, CommitInDoubtError("the database went away; it is not known what was stored", 5.0))
                    return
                log.warning("group_commit_outage", commits=len(todo), error=type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 1.0)

    async def _insert_async(self, todo: list[_Entry]) -> list[_Entry]:
        """Insert in order; answer what is stored; return what is still to be written."""
        assert self._last is not None
        if todo[0].others:
            return await self._insert_all_or_none_async(todo[0])
        base = self._last
        documents: list[Any] = [entry.commit.at_position(base + 1 + i) for i, entry in enumerate(todo)]
        failure: dict[str, Any] | None = None
        stored = len(todo)
        try:
            await self._collection.insert_many(documents, ordered=True)
        except BulkWriteError as error:
            if not error.details.get("writeErrors") or is_outage(error):
                raise _as_outage(error) from error
            failure = error.details["writeErrors"][0]
            stored = failure["index"]
            if stored and error.details.get("writeConcernErrors"):
                raise _as_outage(error) from error
        for i, entry in enumerate(todo[:stored]):
            if not entry.answer.done():
                entry.answer.set_result((base + 1 + i, entry.commit.last))
        if stored:
            self._last = base + stored
            self._on_written(base + 1, [entry.commit for entry in todo[:stored]])
        rest = todo[stored:]
        if failure is None:
            return rest
        if failure.get("code") != DUPLICATE_KEY:
            if failure.get("code") in _RETRYABLE:
                raise _RetryableError(str(failure.get("errmsg")))
            _fail(rest[:1], LabkeeperError(f"a commit was refused by the database (code {failure.get('code')})"))
            return rest[1:]
        return await self._settle_duplicate_async(failure, rest)

    async def _insert_all_or_none_async(self, entry: _Entry) -> list[_Entry]:
        assert self._last is not None
        assert self._insert_together is not None
        commits = [entry.commit, *entry.others]
        base = self._last
        try:
            await self._insert_together([commit.at_position(base + 1 + i) for i, commit in enumerate(commits)])
        except BulkWriteError as error:
            failure = (error.details.get("writeErrors") or [{}])[0]
            if failure.get("code") != DUPLICATE_KEY or is_outage(error):
                raise
            if not await self._answer_if_stored_async([entry]) and "_id" in failure.get("keyPattern", {}):
                self._last = await self._read_tail_async()
                return [entry]
            _refuse(entry, commits[failure["index"]])
            return []
        if not entry.answer.done():
            entry.answer.set_result((base + 1, entry.commit.last))
        self._last = base + len(commits)
        self._on_written(base + 1, commits)
        return []

    async def _settle_duplicate_async(self, failure: dict[str, Any], rest: list[_Entry]) -> list[_Entry]:
        entry = rest[0]
        if await self._collection.find_one({"cmd": entry.commit.command_id}, {"_id": 1}) is not None:
            # Who repeats a command is seldom alone, and to confirm what is found takes as long for one as for all.
            answered = set(await self._answer_if_stored_async(rest))
            return [one for one in rest if one not in answered]
        if "_id" in failure.get("keyPattern", {}):
            self._last = await self._read_tail_async()
            return rest
        _refuse(entry)
        return rest[1:]

    async def _settle_doubts_async(self, todo: list[_Entry]) -> list[_Entry]:
        answered = set(await self._answer_if_stored_async(todo))
        for entry in todo:
            entry.in_doubt = False
        return [entry for entry in todo if entry not in answered]

    async def _answer_if_stored_async(self, entries: list[_Entry]) -> list[_Entry]:
        by_command = {entry.commit.command_id: entry for entry in entries}
        found = await self._collection.find({"cmd": {"$in": list(by_command)}}, {"cmd": 1, "s": 1, "v": 1}).to_list(
            None
        )
        if found:
            await self._confirm_async(max(document["_id"] for document in found))
        answered = []
        for document in found:
            entry = by_command[document["cmd"]]
            answered.append(entry)
            if entry.answer.done():
                continue
            if document["s"] != entry.commit.stream:
                entry.answer.set_exception(
                    CommandReusedError(f"command {document['cmd']} already wrote to {document['s']}")
                )
            else:
                entry.answer.set_result((document["_id"], document["v"]))
        return answered

    async def _read_tail_async(self) -> int:
        last = await self._collection.find_one({}, {"_id": 1}, sort=[("_id", -1)])
        if last is None:
            return 0
        await self._confirm_async(last["_id"])
        return int(last["_id"])

    async def _confirm_async(self, position: int) -> None:
        """Wait until no failover can take back the commit at ``position``, nor any before it.

        An answer that is rolled back would be an acknowledged loss; a number after a tail that is rolled back, a hole.
        """
        if await self._confirmed.find_one({"_id": position}, {"_id": 1}) is None:
            raise _RetryableError(f"commit {position} was rolled back")


_RETRYABLE = frozenset({91, 189, 10107, 11600, 11602, 13435, 13436, 112, 64})


class _RetryableError(PyMongoError):
    """A refusal that a primary on its way out gives: the batch is tried again."""

    def has_error_label(self, label: str) -> bool:
        return label == "RetryableWriteError"


def _as_outage(error: BulkWriteError) -> PyMongoError:
    return _RetryableError(str(error.details.get("writeConcernErrors") or error.details.get("writeErrors")))


def _refuse(entry: _Entry, blamed: Commit | None = None) -> None:
    if not entry.answer.done():
        commit = blamed or entry.commit
        entry.answer.set_exception(OptimisticConcurrencyException(commit.stream, commit.first - 1, -1))


def _fail(entries: list[_Entry], error: BaseException) -> None:
    for entry in entries:
        if not entry.answer.done():
            entry.answer.set_exception(error)
