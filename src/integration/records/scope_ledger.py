"""When each scope was last fetched, and how that went: collection ``records_scopes``, mirrored in memory for readers.

Document: ``{_id: scope key, fetched_at, tried_at, stale_since, error, digest, epoch, reconciled_at, held, due, read_at,
reader}``; see ``ScopeEntry``. It is no part of what happened to records, so it is no event.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from neuroglia.hosting.abstractions import HostedService

from integration.mongo.driver import MongoDriver, translating_outages
from integration.mongo.subscriptions.document_mirror import DocumentMirror
from integration.records.keys_to_mark import KeysToMark

COLLECTION = "records_scopes"
_WHAT = "the ledger of scopes"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeEntry:
    """What is known of the fetches of one scope.

    Attributes:
        fetched_at: when the last answer that was taken over had been asked for; None before the first.
        tried_at: when a fetch last came to an end, well or not.
        stale_since: since when fetches have failed; None after a good one.
        error: why the last one failed.
        digest: of the last answer, while the cache is known to agree with all of it.
        epoch: grows when records of the scope change in the cache other than by a fetch of this scope.
        reconciled_at: when an answer was last compared record by record.
        held: ids that a listing did not show which dropped too many to be believed at once.
        due: whether the cache is known to be behind.
        read_at, reader: when somebody last read it, about, and who.
    """

    key: str
    fetched_at: datetime | None = None
    tried_at: datetime | None = None
    stale_since: datetime | None = None
    error: str | None = None
    digest: str | None = None
    epoch: int = 0
    reconciled_at: datetime | None = None
    held: frozenset[int] = frozenset()
    due: bool = False
    read_at: datetime | None = None
    reader: str | None = None


class ScopeLedger(HostedService):
    """Keeps the entries."""

    def __init__(self, driver: MongoDriver) -> None:
        self._collection = driver.collection(COLLECTION)
        self._mirror = DocumentMirror(driver, COLLECTION, _entry)
        self._disagreeing = KeysToMark(self.disagree_async)

    async def start_async(self) -> None:
        self._mirror.start()

    async def stop_async(self) -> None:
        await self._disagreeing.stop_async()
        await self._mirror.stop_async()

    async def get_async(self, key: str) -> ScopeEntry:
        """Return an entry, from memory where that is certain enough."""
        return await self._mirror.get_async(key) or ScopeEntry(key=key)

    async def read_async(self, key: str) -> ScopeEntry:
        """Return an entry as it is in the database now, after all that this process has said of it."""
        await self._disagreeing.flush_async()
        with translating_outages(_WHAT):
            found = await self._collection.find_one({"_id": key})
        return _entry(found) if found is not None else ScopeEntry(key=key)

    async def succeeded_async(
        self, before: ScopeEntry, fetched_at: datetime, digest: str | None, reconciled_at: datetime | None, **more: Any
    ) -> ScopeEntry:
        """Note a fetch that was taken over.

        Args:
            before: the entry as it was when the fetch began: what changed since is not covered by the digest.
            digest: of an answer with which the cache agrees in everything; None otherwise.
            more: ``held``, ids; ``due``.
        """
        same = {"$eq": [{"$ifNull": ["$epoch", 0]}, before.epoch]}
        due = bool(more.get("due", False))
        changes: dict[str, Any] = {
            "fetched_at": {"$max": ["$fetched_at", fetched_at]},
            "tried_at": fetched_at,
            "stale_since": None,
            "error": None,
            "digest": {"$cond": [same, digest, None]},
            "epoch": {"$ifNull": ["$epoch", 0]},
            "reconciled_at": reconciled_at,
            "held": sorted(more.get("held", ())),
            "due": due if due else {"$cond": [same, False, {"$ifNull": ["$due", False]}]},
        }
        return await self._changed_async(before.key, [{"$set": changes}])

    async def failed_async(self, key: str, at: datetime, error: str) -> ScopeEntry:
        """Note a fetch that failed. Nothing is known of the records beyond what was."""
        changes = {
            "tried_at": at,
            "stale_since": {"$ifNull": ["$stale_since", at]},
            "error": {"$literal": error[:500]},
            "epoch": {"$ifNull": ["$epoch", 0]},
        }
        return await self._changed_async(key, [{"$set": changes}])

    async def disagree_async(self, keys: Collection[str], *, due: bool = False) -> None:
        """Note that records of these scopes are not what the last answers said. Scopes that nobody reads are left out.

        Args:
            due: the cache is known to be behind: fetch at the next occasion.
        """
        changes: dict[str, Any] = {"$inc": {"epoch": 1}, "$set": {"digest": None, **({"due": True} if due else {})}}
        if not due:
            with translating_outages(_WHAT):
                await self._collection.update_many({"_id": {"$in": list(keys)}}, changes)
            return
        for key in keys:
            await self._changed_async(key, changes, upsert=False)

    def disagree_soon(self, keys: Collection[str]) -> None:
        """Note the same within moments, and in any case before this process reads an entry to fetch its scope.

        For records that changed here and are in the log already: it only keeps an equal answer from being believed.
        """
        self._disagreeing.add(keys)

    async def was_read_async(self, key: str, username: str, at: datetime) -> None:
        """Note that somebody reads a scope."""
        await self._changed_async(key, {"$set": {"read_at": at, "reader": username}})

    async def read_since_async(self, since: datetime) -> list[ScopeEntry]:
        """Return the scopes that somebody has read since then, the ones fetched longest ago first."""
        with translating_outages(_WHAT):
            found = await self._collection.find({"read_at": {"$gte": since}}).sort("fetched_at", 1).to_list(None)
        return [_entry(one) for one in found]

    async def _changed_async(self, key: str, changes: Any, *, upsert: bool = True) -> ScopeEntry:
        with translating_outages(_WHAT):
            document: Any = await self._collection.find_one_and_update(
                {"_id": key}, changes, upsert=upsert, return_document=True
            )
        if document is None:
            return ScopeEntry(key=key)
        entry = _entry(document)
        self._mirror.put(key, entry)
        return entry


def _entry(document: dict[str, Any]) -> ScopeEntry:
    return ScopeEntry(
        key=document["_id"],
        fetched_at=document.get("fetched_at"),
        tried_at=document.get("tried_at"),
        stale_since=document.get("stale_since"),
        error=document.get("error"),
        digest=document.get("digest"),
        epoch=document.get("epoch") or 0,
        reconciled_at=document.get("reconciled_at"),
        held=frozenset(document.get("held") or ()),
        due=bool(document.get("due")),
        read_at=document.get("read_at"),
        reader=document.get("reader"),
    )
