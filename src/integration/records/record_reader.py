"""Reading ``labs_records``: pages of a scope, single records, children. Who may see what is decided by the callers."""

import asyncio
from collections.abc import Collection, Iterable

from domain.kernel.errors import UnavailableError
from domain.records.conditions import EVERYTHING, RecordFilter
from domain.records.reconciliation import Likeness
from domain.records.record_history import COLUMNS
from domain.records.values import MAX_ID, LabsRecord, RecordScope
from integration.mongo.driver import MongoCollection, MongoDriver, translating_outages
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch
from integration.records.index_tokens import Narrowing
from integration.records.labs_records_projector import NAME
from integration.records.narrowing_counts import NarrowingCounts
from integration.records.record_documents import Document, record_of
from integration.records.record_log import RecordLog
from integration.records.record_query import RecordQuery, query_for

CATCH_UP_SECONDS = 10.0
LARGEST_CHUNK = 1_000
SMALLEST_CHUNK = 100
_STORE = "the store of records"
_COMPARED = {**dict.fromkeys(COLUMNS, 1), "data": 1}


class RecordReader:
    """Reads what the read model holds once it has seen what this process has written."""

    def __init__(self, driver: MongoDriver, watch: ReadModelWatch, log: RecordLog) -> None:
        self._driver = driver
        self._watch = watch
        self._log = log
        self._counts = NarrowingCounts()

    async def find_async(
        self, scope: RecordScope, wanted: RecordFilter, *, after: int = 0, limit: int | None = None
    ) -> list[LabsRecord]:
        """Return the wanted records of a scope in the order of ids: at most ``limit``, with ids above ``after``."""
        found: list[LabsRecord] = []
        query = query_for(scope, wanted)
        after = max(after, 0)
        if query.is_empty or after >= MAX_ID or (limit is not None and limit <= 0):
            return found
        collection = await self._collection_async()
        leading = await self._leading_async(collection, query)
        chunk = LARGEST_CHUNK if limit is None else min(limit, LARGEST_CHUNK)
        while True:
            conditions, index = query.led_by(leading, after)
            cursor = collection.find(conditions, {"tokens": 0}).sort("_id", 1).limit(chunk).batch_size(chunk)
            with translating_outages(_STORE):
                documents = await (cursor.hint(index) if index else cursor).to_list(None)
            found += wanted.among(map(record_of, documents))
            if limit is not None and len(found) >= limit:
                return found[:limit]
            if len(documents) < chunk:
                return found
            after = documents[-1]["_id"]
            chunk = min(max(chunk * 2, SMALLEST_CHUNK), LARGEST_CHUNK)

    async def document_async(self, record_id: int) -> Document | None:
        """Return a record's document without its tokens; None when there is none."""
        if not 1 <= record_id <= MAX_ID:
            return None
        collection = await self._collection_async()
        with translating_outages(_STORE):
            return await collection.find_one({"_id": record_id}, {"tokens": 0})

    async def get_async(self, record_id: int) -> LabsRecord | None:
        """Return a record, whoever may see it; None when there is none."""
        document = await self.document_async(record_id)
        return record_of(document) if document is not None else None

    async def likenesses_async(self, scope: RecordScope, position: int) -> dict[int, Likeness]:
        """Return what the records of a scope are like, by id, once everything up to a position of the log is read."""
        known: dict[int, Likeness] = {}
        query = query_for(scope, EVERYTHING)
        if query.is_empty:
            return known
        collection = await self._collection_async(position)
        after = 0
        while True:
            conditions, index = query.led_by(None, after)
            cursor = collection.find(conditions, _COMPARED).sort("_id", 1).limit(LARGEST_CHUNK)
            with translating_outages(_STORE):
                documents = await cursor.batch_size(LARGEST_CHUNK).hint(str(index)).to_list(None)
            known.update((one["_id"], (*(one[name] for name in COLUMNS), one["data"])) for one in documents)
            if len(documents) < LARGEST_CHUNK:
                return known
            after = documents[-1]["_id"]

    async def versions_async(self, record_ids: Iterable[int]) -> dict[int, tuple[int, LabsRecord]]:
        """Return those records that are there, by id, each after its version."""
        ids = [one for one in record_ids if 1 <= one <= MAX_ID]
        if not ids:
            return {}
        collection = await self._collection_async()
        with translating_outages(_STORE):
            found = await collection.find({"_id": {"$in": ids}}, {"tokens": 0}).to_list(None)
        return {one["_id"]: (one["version"], record_of(one)) for one in found}

    async def count_async(self, **named: Collection[int]) -> int:
        """Return how many records of the whole log as it is have any of the numbers in a column, by column."""
        anywhere = [{column: {"$in": list(numbers)}} for column, numbers in named.items() if numbers]
        if not anywhere:
            return 0
        collection = await self._collection_async(await self._log.store.head_async())
        with translating_outages(_STORE):
            return await collection.count_documents({"$or": anywhere})

    async def wait_async(self, position: int, timeout_seconds: float) -> bool:
        """Wait until what is read includes a position of the log; False when the time is over."""
        return await self._watch.wait_async(NAME, position, timeout_seconds)

    async def children_async(self, record_ids: Iterable[int]) -> dict[int, int]:
        """Return the ids of all records with one of these as their parent, and which, of the whole log as it is."""
        collection = await self._collection_async(await self._log.store.head_async())
        with translating_outages(_STORE):
            found = await collection.find(
                {"labs_record_id": {"$in": list(record_ids), "$gt": 0}}, {"labs_record_id": 1}
            ).to_list(None)
        return {document["_id"]: document["labs_record_id"] for document in found}

    async def _collection_async(self, position: int = 0) -> MongoCollection:
        position = max(position, self._log.written)
        reached = await self._watch.wait_async(NAME, position, CATCH_UP_SECONDS)
        checkpoint = await self._watch.current_async(NAME)
        if not reached or checkpoint is None:
            raise UnavailableError(f"{_STORE} has not caught up with what was written", 2.0)
        return self._driver.collection(checkpoint.collection)

    async def _leading_async(self, collection: MongoCollection, query: RecordQuery) -> Narrowing | None:
        if len(query.narrowings) < 2 or query.ids is not None:
            return query.narrowings[0] if query.narrowings else None
        counts = await asyncio.gather(*(self._counts.count_async(collection, query, one) for one in query.narrowings))
        return query.narrowings[counts.index(min(counts))]
