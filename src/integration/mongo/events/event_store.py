"""The event store: one log per context, one document per commit, densely numbered in commit order."""

import asyncio
from collections.abc import Sequence
from typing import Any

from neuroglia.data.exceptions import OptimisticConcurrencyException
from neuroglia.data.infrastructure.event_sourcing.abstractions import EventDescriptor
from opentelemetry import trace

from application.kernel.request_context import current_request
from domain.kernel.clock import Clock
from domain.kernel.domain_event import RecordedDomainEvent
from domain.kernel.errors import LabkeeperError
from domain.kernel.stream_events import StreamDeletedDomainEvent
from integration.mongo.driver import MongoDriver, MongoSession, translating_outages
from integration.mongo.events.commits import Commit
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.event_reader import MongoEventReader
from integration.mongo.events.fresh_commits import FreshCommits
from integration.mongo.events.group_commit import Answer, GroupCommit
from integration.mongo.events.log_watch import LogWatch

Part = tuple[str, Sequence[RecordedDomainEvent], int] | tuple[str, Sequence[RecordedDomainEvent], int, str]
"""A stream, its new events, the number of events already in it, and perhaps a command id."""


class StreamGapError(LabkeeperError):
    """An append expects more events than the stream has: storing it would leave a hole."""


class EmptyCommitError(LabkeeperError):
    """An append brings no events: storing it would take a position for nothing."""


class MongoEventStore(MongoEventReader):
    """One context's log.

    Args:
        driver: the connection.
        log: name of the log; its collection is ``<log>_commits``.
        codec: the events that may stand in it.
        clock: for the time of a commit.
    """

    def __init__(self, driver: MongoDriver, log: str, codec: EventCodec, clock: Clock) -> None:
        name = f"{log}_commits"
        self._collection = driver.collection(name)
        super().__init__(log, self._collection, codec)
        self._clock = clock
        self._watch = LogWatch(driver, name, self.head_async)
        self._driver = driver
        self._writer = GroupCommit(self._collection, on_written=self._saw, insert_together=self._insert_together_async)
        self._fresh: FreshCommits | None = None
        self._claims: dict[tuple[str, int], asyncio.Event | None] = {}

    def keep_fresh(self) -> FreshCommits:
        """Return what keeps the commits of this process from now on until they are read. For one reader."""
        self._fresh = FreshCommits()
        return self._fresh

    def _saw(self, position: int, commits: Sequence[Commit]) -> None:
        if self._fresh is not None:
            self._fresh.add(position, commits)
        self._watch.saw(position + len(commits) - 1)

    async def prepare_async(self) -> None:
        """Make the indexes that the store's promises rest on."""
        with translating_outages("the event store"):
            await self._collection.create_index([("s", 1), ("f", 1)], unique=True, name="stream_version")
            await self._collection.create_index("cmd", unique=True, name="command")

    async def close_async(self) -> None:
        """Write what waits, then stop watching."""
        await self._writer.close_async()
        await self._watch.close_async()

    async def append_async(
        self, stream_id: str, events: list[EventDescriptor], expected_version: int | None = None
    ) -> None:
        """Append events to a stream (neuroglia's port).

        Args:
            expected_version: number of events already in the stream; None means that it must not exist.
        """
        await self.commit_async(stream_id, [_typed(descriptor) for descriptor in events], expected_version or 0)

    async def commit_async(
        self,
        stream: str,
        events: Sequence[RecordedDomainEvent],
        expected_version: int,
        command_id: str | None = None,
    ) -> Answer:
        """Append events to a stream as one commit.

        Args:
            expected_version: number of events already in the stream, 0 for a new one.
            command_id: makes the append idempotent; by default the next one of the current request.

        Returns:
            The commit's position in the log and the stream's version after it. A command id that was stored before
            gives its first answer, whatever the events are now.

        Raises:
            OptimisticConcurrencyException: the stream is not at ``expected_version``.
            StreamGapError: the stream has fewer events than expected.
            CommitTooLargeError, EmptyCommitError, EventNotStorableError: the events do not fit into a commit.
            UnavailableError: see ``EventStoreBusyError`` and ``CommitInDoubtError``.
        """
        request = current_request()
        commit = self._commit_of(stream, events, expected_version, command_id)
        claim = (stream, commit.first)
        while claim in self._claims:
            released = self._claims[claim] = self._claims[claim] or asyncio.Event()
            await released.wait()
        self._claims[claim] = None
        try:
            await self._check_head_async(commit, repeatable=request.repeatable or command_id is not None)
            position, version = await self._writer.append_async(commit)
        except OptimisticConcurrencyException:
            self._heads.forget(stream)
            raise
        finally:
            waiters = self._claims.pop(claim)
            if waiters is not None:
                waiters.set()
        self._heads.remember(stream, version)
        request.wrote(self.log, position)
        return position, version

    def _commit_of(
        self, stream: str, events: Sequence[RecordedDomainEvent], expected_version: int, command_id: str | None = None
    ) -> Commit:
        if not events:
            raise EmptyCommitError(f"a commit to {stream} has no events")
        request = current_request()
        return Commit(
            stream,
            expected_version,
            [self.codec.encode(event) for event in events],
            command_id or request.next_append_id(stream),
            _meta(request.actor, request.correlation_id, request.causation_id),
            self._clock.now(),
        )

    async def commit_together_async(
        self, parts: Sequence[tuple[str, Sequence[RecordedDomainEvent], int]]
    ) -> list[Answer]:
        """Append events to several different streams, all of it or nothing, also when the database goes away.

        Args:
            parts: stream, its new events, and the number of events already in it.

        Returns:
            Position and version as ``commit_async``, in the order of the parts.

        Raises:
            OptimisticConcurrencyException: one of the streams is not where it is expected; nothing was stored.
            The others as ``commit_async``.
        """
        if len(parts) < 2:
            return [await self.commit_async(*part) for part in parts]
        request = current_request()
        commits = [self._commit_of(*part) for part in parts]
        try:
            for commit in commits:
                await self._check_head_async(commit, repeatable=request.repeatable)
            answers = await self._writer.append_together_async(commits)
        except OptimisticConcurrencyException:
            for commit in commits:
                self._heads.forget(commit.stream)
            raise
        for commit, (position, version) in zip(commits, answers, strict=True):
            self._heads.remember(commit.stream, version)
            request.wrote(self.log, position)
        return answers

    async def commit_many_async(self, parts: Sequence[Part]) -> list[Answer | OptimisticConcurrencyException]:
        """Append events to many streams, one commit each, in order; each is stored or refused for itself.

        There is no look at a stream's head beforehand: the log's index refuses what does not fit. Streams that come
        twice are taken one after the other, as the index sees them.

        Args:
            parts: as for ``commit_together_async``, optionally with a command id that makes the append idempotent.

        Returns:
            Position and version, or the refusal, in the order of the parts.

        Raises:
            CommitTooLargeError, EmptyCommitError, EventNotStorableError: one of them cannot be stored; none was.
            UnavailableError: there is no answer for some; others may have been stored.
        """
        request = current_request()
        commits = self._commits_of(parts)
        answers = await self._writer.append_many_async(commits)
        last = 0
        for commit, answer in zip(commits, answers, strict=True):
            if isinstance(answer, OptimisticConcurrencyException):
                self._heads.forget(commit.stream)
            else:
                position, version = answer
                self._heads.remember(commit.stream, version)
                last = max(last, position)
        if last:
            request.wrote(self.log, last)
        return answers

    def _commits_of(self, parts: Sequence[Part]) -> list[Commit]:
        request = current_request()
        encode, now = self.codec.encode, self._clock.now()
        meta = _meta(request.actor, request.correlation_id, request.causation_id)
        commits = []
        for stream, events, expected, *command in parts:
            if not events:
                raise EmptyCommitError(f"a commit to {stream} has no events")
            command_id = command[0] if command else request.next_append_id(stream)
            commits.append(Commit(stream, expected, [encode(event) for event in events], command_id, meta, now))
        return commits

    async def _insert_together_async(self, documents: list[Any]) -> None:
        async def work(session: MongoSession) -> None:
            await self._collection.insert_many(documents, ordered=True, session=session)

        await self._driver.run_in_transaction_async(work)

    async def _check_head_async(self, commit: Commit, *, repeatable: bool) -> None:
        expected = commit.first - 1
        head = self._heads.get(commit.stream)
        if head is None or head < expected:
            if expected == 0:
                return
            head = await self._read_head_async(commit.stream)
        if head == expected:
            return
        if repeatable and await self._is_stored_async(commit.command_id):
            return
        if head < expected:
            raise StreamGapError(f"stream {commit.stream} has {head} events, not {expected}")
        raise OptimisticConcurrencyException(commit.stream, expected, head)

    async def find_commands_async(self, command_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Return the first and last version that commands wrote, by command id; others are left out."""
        with translating_outages("the event store"):
            found = await self._settled.find({"cmd": {"$in": list(command_ids)}}, {"cmd": 1, "f": 1, "v": 1}).to_list(
                None
            )
        return {one["cmd"]: (one["f"], one["v"]) for one in found}

    async def _is_stored_async(self, command_id: str) -> bool:
        with translating_outages("the event store"):
            return await self._collection.find_one({"cmd": command_id}, {"_id": 1}) is not None

    async def _read_head_async(self, stream: str) -> int:
        with translating_outages("the event store"):
            last = await self._collection.find_one({"s": stream}, {"v": 1}, sort=[("f", -1)])
        return last["v"] if last else 0

    async def delete_async(self, stream_id: str) -> None:
        """Erase a stream's events for good; a tombstone commit keeps the log dense and tells subscribers.

        Does nothing when there is no such stream. Asked again it finishes what was cut short. The events are not
        decoded: a corrupt one must not keep the others from being erased.
        """
        with translating_outages("the event store"):
            last = await self._collection.find_one({"s": stream_id}, {"v": 1, "e": 1}, sort=[("f", -1)])
        if last is None:
            return
        head, event = int(last["v"]), last["e"][-1]
        if event.get("type") != StreamDeletedDomainEvent.event_type:
            aggregate_id = str(event.get("id")).rpartition(".")[0]
            head += 1
            tombstone = StreamDeletedDomainEvent(
                aggregate_id=aggregate_id,
                created_at=self._clock.now(),
                event_id=f"{aggregate_id}.{head}",
                aggregate_version=head,
            )
            await self.commit_async(stream_id, [tombstone], head - 1)
        with translating_outages("the event store"):
            await self._collection.update_many({"s": stream_id, "v": {"$lt": head}}, {"$set": {"e": [], "meta": {}}})

    @property
    def last_seen(self) -> int:
        return self._watch.last_seen

    async def wait_beyond_async(self, position: int, timeout_seconds: float) -> bool:
        return await self._watch.wait_beyond_async(position, timeout_seconds)


def _meta(actor: str, correlation_id: str, causation_id: str | None) -> dict[str, Any]:
    meta: dict[str, Any] = {"actor": actor, "correlation": correlation_id}
    if causation_id is not None:
        meta["causation"] = causation_id
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        meta["traceparent"] = f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"
    return meta


def _typed(descriptor: EventDescriptor) -> RecordedDomainEvent:
    if not isinstance(descriptor.data, RecordedDomainEvent):
        raise TypeError(f"an event descriptor of type {descriptor.type} carries no domain event")
    return descriptor.data
