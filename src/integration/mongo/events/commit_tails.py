"""Reading a log for its newest states only: of each commit the last event, where each event says all that is known."""

import asyncio

from bson.codec_options import CodecOptions
from pymongo.read_concern import ReadConcern

from domain.kernel.domain_event import RecordedDomainEvent
from domain.kernel.errors import UndecodableEventError
from integration.mongo.driver import MongoDocument, MongoDriver, translating_outages
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.fresh_commits import CommitTail, FreshCommits

_WANTED = {"s": 1, "f": 1, "v": 1, "cmd": 1, "at": 1, "e": {"$slice": -1}}
_NAIVE: CodecOptions[MongoDocument] = CodecOptions(tz_aware=False)
FIRST_BATCH = 10_000


class CommitTails:
    """Reads one log with majority. Raises ``UnavailableError`` when the store does not answer.

    Args:
        fresh: what this process has written itself and need not be asked for.
    """

    def __init__(self, driver: MongoDriver, log: str, codec: EventCodec, fresh: FreshCommits | None = None) -> None:
        collection = driver.collection(f"{log}_commits")
        self._log = log
        self._codec = codec
        self._fresh = fresh
        self._aware = collection.with_options(read_concern=ReadConcern("majority"))
        # Times with a zone take twice as long to make, in every commit that is read.
        self._naive = collection.with_options(read_concern=ReadConcern("majority"), codec_options=_NAIVE)

    async def read_async(self, after: int, limit: int) -> list[CommitTail]:
        """Return the ends of up to ``limit`` commits after a position, in order; fewer when that spares a question."""
        if self._fresh is not None and (fresh := self._fresh.read(after, limit)):
            return fresh
        with translating_outages("the event store"):
            found = self._naive.find({"_id": {"$gt": after}}, _WANTED).sort("_id", 1).limit(limit)
            commits = await found.batch_size(FIRST_BATCH).to_list(None)
        return [_tail_of(commit) for commit in commits]

    async def command_at_async(self, position: int) -> str | None:
        """Return the command id of the commit at a position: two logs differ in it. None when there is none."""
        with translating_outages("the event store"):
            found = await self._aware.find_one({"_id": position}, {"cmd": 1})
        return str(found["cmd"]) if found else None

    async def decode_async(self, tail: CommitTail) -> RecordedDomainEvent:
        """Return the last event of a commit, lifted to its newest version.

        Raises:
            UndecodableEventError: it cannot be read.
        """
        with translating_outages("the event store"):
            found = await self._aware.find_one({"_id": tail.position}, {"e": {"$slice": -1}})
        if not found or not found["e"]:
            raise UndecodableEventError(self._log, tail.stream, tail.last, "none", "it was erased meanwhile")
        await asyncio.sleep(0)
        return self._codec.decode(tail.stream, tail.last, found["e"][0])


def _tail_of(commit: MongoDocument) -> CommitTail:
    events = commit["e"]
    stored = events[0] if events else None
    return CommitTail(commit["_id"], commit["cmd"], commit["at"], commit["s"], commit["f"], commit["v"], stored)
