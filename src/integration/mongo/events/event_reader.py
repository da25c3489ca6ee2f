"""Reading a log: streams forwards and backwards, many streams at once, the whole log by position.

Everything is read with majority: what could still be rolled back is not shown to anyone.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace
from neuroglia.data.infrastructure.event_sourcing.abstractions import (
    EventRecord,
    EventStore,
    StreamDescriptor,
    StreamReadDirection,
)
from pymongo.read_concern import ReadConcern

from application.kernel.event_feed import CorruptFact, EventFeed, EventStreams, RecordedFact
from domain.kernel.domain_event import RecordedDomainEvent
from domain.kernel.errors import UndecodableEventError
from domain.kernel.stream_events import StreamDeletedDomainEvent
from integration.mongo.driver import MongoCollection, MongoDocument, translating_outages
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.stream_heads import StreamHeads

FIRST_BATCH = 10_000
"""Commits in the first answer. Left alone, the server sends 101 and has to be asked for the rest."""

COMMITS_PER_TURN = 100
"""Commits that are decoded at a stretch, less than a millisecond, before others get a turn."""


class MongoEventReader(EventStore, EventFeed, EventStreams):
    """The reading half of the event store."""

    def __init__(self, log: str, collection: MongoCollection, codec: EventCodec) -> None:
        self.log = log
        self.codec = codec
        self._settled = collection.with_options(read_concern=ReadConcern("majority"))
        self._heads = StreamHeads()

    async def contains_async(self, stream_id: str) -> bool:
        """Tell whether the stream has events (an erased one does not)."""
        return await self.get_async(stream_id) is not None

    async def changed_since_async(self, stream_ids: Collection[str], position: int) -> set[str]:
        """Return which of these streams have events after a position of the log."""
        which = {"_id": {"$gt": position}, "s": {"$in": list(stream_ids)}}
        with translating_outages("the event store"):
            found = await self._settled.find(which, {"s": 1}).hint([("_id", 1)]).to_list(None)
        return {one["s"] for one in found}

    async def get_async(self, stream_id: str) -> StreamDescriptor | None:
        """Return a stream's length and the times of its first and last event; None when there is none."""
        with translating_outages("the event store"):
            first = await self._settled.find_one({"s": stream_id, "e": {"$ne": []}}, {"at": 1}, sort=[("f", 1)])
            last = await self._settled.find_one({"s": stream_id}, {"v": 1, "at": 1, "e.type": 1}, sort=[("f", -1)])
        if first is None or last is None or last["e"][-1]["type"] == StreamDeletedDomainEvent.event_type:
            return None
        return StreamDescriptor(stream_id, last["v"], first["at"], last["at"])

    async def read_async(
        self,
        stream_id: str,
        read_direction: StreamReadDirection = StreamReadDirection.FORWARDS,
        offset: int = 0,
        length: int | None = None,
    ) -> list[EventRecord]:
        """Read events of a stream (neuroglia's port): after version ``offset`` forwards, up to it backwards."""
        backwards = read_direction == StreamReadDirection.BACKWARDS
        facts = await self.read_stream_async(stream_id, after=offset, limit=length, backwards=backwards)
        return [
            EventRecord(
                fact.stream,
                fact.event.event_id,
                fact.event.aggregate_version,
                fact.position,
                fact.stored_at,
                fact.event.event_type,
                fact.event,
                {"actor": fact.actor, "correlation": fact.correlation_id, "causation": fact.causation_id},
            )
            for fact in facts
        ]

    async def read_stream_async(
        self,
        stream: str,
        *,
        after: int = 0,
        limit: int | None = None,
        backwards: bool = False,
        until: datetime | None = None,
    ) -> list[RecordedFact]:
        """Return events of a stream in order of version.

        Args:
            after: versions above this; with ``backwards`` versions up to this (0: from the end), newest first.
            limit: at most so many events; None for all.
            until: only events that happened no later than this.

        Raises:
            UndecodableEventError: a stored event cannot be read.
        """
        query: dict[str, Any] = {"s": stream}
        if backwards and after:
            query["f"] = {"$lte": after}
        elif after:
            query["v"] = {"$gt": after}
        cursor = self._settled.find(query).sort("f", -1 if backwards else 1)
        if limit is not None and until is None:
            cursor = cursor.limit(limit)
        with translating_outages("the event store"):
            commits = await cursor.to_list(None)
        if backwards:
            commits.reverse()
        facts = self._facts(commits)
        if backwards:
            facts.reverse()
        if commits:
            self._heads.remember(stream, commits[-1]["v"])
        if after:
            facts = [f for f in facts if (f.event.aggregate_version <= after) == backwards]
        if until is not None:
            facts = [fact for fact in facts if fact.event.created_at <= until]
        return facts[:limit]

    async def load_events_async(self, stream: str, after: int = 0) -> list[RecordedDomainEvent]:
        """Return only the typed events of a stream, oldest first; the shortest way to an aggregate."""
        query: dict[str, Any] = {"s": stream, "f": {"$gt": after}} if after else {"s": stream}
        with translating_outages("the event store"):
            commits = await self._settled.find(query).sort("f", 1).batch_size(FIRST_BATCH).to_list(None)
        if commits:
            self._heads.remember(stream, commits[-1]["v"])
        return self._events(commits)

    async def load_many_async(self, streams: Iterable[str]) -> dict[str, list[RecordedDomainEvent]]:
        """Return the events of several streams by stream, oldest first; streams that do not exist are left out."""
        return await self._load_grouped_async({"s": {"$in": list(streams)}})

    async def load_by_prefix_async(self, prefix: str) -> dict[str, list[RecordedDomainEvent]]:
        """Return the events of all streams whose name starts with ``prefix``, by stream, in order of name."""
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        return await self._load_grouped_async({"s": {"$gte": prefix, "$lt": end}})

    async def _load_grouped_async(self, query: Mapping[str, Any]) -> dict[str, list[RecordedDomainEvent]]:
        with translating_outages("the event store"):
            commits = await self._settled.find(query).sort([("s", 1), ("f", 1)]).batch_size(FIRST_BATCH).to_list(None)
        grouped: dict[str, list[MongoDocument]] = {}
        for commit in commits:
            grouped.setdefault(commit["s"], []).append(commit)
        for stream, members in grouped.items():
            self._heads.remember(stream, members[-1]["v"])
        return {stream: self._events(members) for stream, members in grouped.items()}

    def _events(self, commits: Sequence[MongoDocument]) -> list[RecordedDomainEvent]:
        return self.codec.decode_many(
            [
                (commit["s"], version, stored)
                for commit in commits
                for version, stored in enumerate(commit["e"], commit["f"])
            ]
        )

    def _facts(self, commits: Sequence[MongoDocument], wanted: Collection[str] | None = None) -> list[RecordedFact]:
        places = [
            (commit, index, stored)
            for commit in commits
            for index, stored in enumerate(commit["e"])
            if wanted is None or self.codec.type_of(stored) in wanted
        ]
        events = self.codec.decode_many(
            [(commit["s"], commit["f"] + index, stored) for commit, index, stored in places]
        )
        return [
            RecordedFact(
                self.log,
                commit["_id"],
                index,
                commit["s"],
                event,
                commit["at"],
                (meta := commit["meta"]).get("actor"),
                meta.get("correlation"),
                meta.get("causation"),
                meta.get("traceparent"),
                commit.get("cmd"),
            )
            for (commit, index, _), event in zip(places, events, strict=True)
        ]

    async def head_async(self) -> int:
        with translating_outages("the event store"):
            last = await self._settled.find_one({}, {"_id": 1}, sort=[("_id", -1)])
        return last["_id"] if last else 0

    async def read_log_async(
        self,
        after: int,
        limit: int,
        event_types: Collection[str] | None = None,
        corrupt: list[CorruptFact] | None = None,
    ) -> tuple[list[RecordedFact], int]:
        with translating_outages("the event store"):
            found = self._settled.find({"_id": {"$gt": after}}).sort("_id", 1).limit(limit)
            commits = await found.batch_size(FIRST_BATCH).to_list(None)
        facts: list[RecordedFact] = []
        wanted = None if event_types is None else self.codec.with_older_versions(event_types)
        for start in range(0, len(commits), COMMITS_PER_TURN):
            if start:
                await asyncio.sleep(0)
            part = commits[start : start + COMMITS_PER_TURN]
            try:
                facts += self._facts(part, wanted)
            except UndecodableEventError:
                if corrupt is None:
                    raise
                for commit in part:
                    self._split_corrupt(commit, wanted, facts, corrupt)
        return facts, commits[-1]["_id"] if commits else after

    def _split_corrupt(
        self,
        commit: MongoDocument,
        wanted: Collection[str] | None,
        facts: list[RecordedFact],
        corrupt: list[CorruptFact],
    ) -> None:
        for index, stored in enumerate(commit["e"]):
            single = {**commit, "e": [stored], "f": commit["f"] + index}
            try:
                facts += [replace(fact, index=index) for fact in self._facts([single], wanted)]
            except UndecodableEventError as error:
                where = (self.log, commit["_id"], index, commit["s"])
                claimed = stored.get("id") if isinstance(stored, dict) else None
                event_id = str(claimed or f"{commit['s']}#{error.version}")
                corrupt.append(CorruptFact(*where, event_id, error.event_type, str(error)))
