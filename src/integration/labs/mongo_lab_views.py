"""Labs as people see them, from the read model ``lab_records``."""

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from application.kernel.event_feed import EventStreams
from application.kernel.paging import BadCursorError, Cursor, CursorValue, Page
from application.labs.sync_ledger import WorkerSync
from application.labs.views import LabDetails, LabFilter, LabViews, WorkerLabsAnswer
from domain.labs.lab_record import LabRecord
from integration.labs.lab_documents import SORT_FIELDS, as_utc, lab_item, located, newest_first
from integration.labs.lab_records_projector import document_after
from integration.labs.mongo_sync_ledger import MongoSyncLedger
from integration.labs.mongo_worker_views import MongoWorkerViews
from integration.mongo.driver import MongoCollection, MongoDriver, translating_outages
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch

MODEL = "lab_records"
MOST_ANSWERS_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class _Kept:
    stamp: tuple[object, ...]
    answer: WorkerLabsAnswer


class MongoLabViews(LabViews):
    """Answers of whole workers are encoded once and kept until the read model or the ledger moves."""

    def __init__(
        self,
        driver: MongoDriver,
        watch: ReadModelWatch,
        ledger: MongoSyncLedger,
        workers: MongoWorkerViews,
        streams: EventStreams,
    ) -> None:
        self._driver = driver
        self._watch = watch
        self._ledger = ledger
        self._workers = workers
        self._streams = streams
        self._kept: OrderedDict[tuple[str, bool], _Kept] = OrderedDict()

    async def list_of_worker_async(self, worker_id: str, *, include_removed: bool) -> WorkerLabsAnswer:
        sync = await self._ledger.get_async(worker_id)
        key = (worker_id, include_removed)
        stamp = self._stamp(sync)
        kept = self._kept.get(key)
        if kept is not None and stamp is not None and kept.stamp == stamp:
            self._kept.move_to_end(key)
            return kept.answer
        query: dict[str, Any] = {"worker_id": worker_id}
        if not include_removed:
            query["removed"] = False
        documents = await self._find_async(query, [("title", 1), ("_id", 1)])
        body = orjson.dumps([lab_item(document, sync) for document in documents], option=orjson.OPT_UTC_Z)
        tag = hashlib.sha256(body).hexdigest()[:24]

        def is_current() -> bool:
            return (
                stamp is not None
                and self._stamp(self._ledger.fresh(worker_id)) == stamp
                and self._workers.is_known_present(worker_id)
            )

        answer = WorkerLabsAnswer(body, tag, sync.last_synced_at, sync.stale_since, is_current)
        if stamp is not None:
            self._kept[key] = _Kept(stamp, answer)
            if len(self._kept) > MOST_ANSWERS_KEPT:
                self._kept.popitem(last=False)
        return answer

    def _stamp(self, sync: WorkerSync | None) -> tuple[object, ...] | None:
        """Return what an answer is made from; None when that is not certain."""
        current = self._watch.fresh(MODEL)
        return None if current is None or sync is None else (current.generation, current.position, sync)

    async def list_async(self, wanted: LabFilter, sort: str, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
        places = await self._workers.names_and_regions_async()
        query = _query(wanted, places)
        scope = f"labs {wanted} {sort}"
        field, direction = SORT_FIELDS[sort.removeprefix("-")], -1 if sort.startswith("-") else 1
        if cursor is not None:
            query = {"$and": [query, _after(field, direction, Cursor.decode(cursor, scope))]}
        order = [("_id", direction)] if field == "_id" else [(field, direction), ("_id", direction)]
        found = await self._find_async(query, order, limit + 1)
        page = found[:limit]
        syncs = await self._ledger.get_many_async({document["worker_id"] for document in page})
        items = [
            located(
                lab_item(document, syncs[document["worker_id"]]),
                document["worker_id"],
                *places.get(document["worker_id"], ("", "")),
            )
            for document in page
        ]
        following = None
        if len(found) > limit:
            last = page[-1]
            following = Cursor.encode([_cursor_value(last[field]), last["_id"]], scope)
        return Page(items, following)

    async def get_async(self, record_id: str) -> LabDetails | None:
        found = await self._find_async({"_id": record_id}, [("_id", 1)], 1)
        if not found:
            return None
        document = found[0]
        sync = await self._ledger.get_async(document["worker_id"])
        places = await self._workers.names_and_regions_async()
        name, region = places.get(document["worker_id"], ("", ""))
        return LabDetails(
            fields={
                **located(lab_item(document, sync), document["worker_id"], name, region),
                "first_seen": document["first_seen_at"],
            },
            operation_history=newest_first(document["operation_history"]),
            version=document["version"],
            last_synced_at=sync.last_synced_at,
            stale_since=sync.stale_since,
        )

    async def get_as_of_async(self, record_id: str, at: datetime) -> LabDetails | None:
        facts = await self._streams.read_stream_async(f"{LabRecord.category()}-{record_id}", until=at)
        document = document_after(facts)
        if document is None:
            return None
        name, region = (await self._workers.names_and_regions_async()).get(document["worker_id"], ("", ""))
        item = lab_item(document, WorkerSync(document["worker_id"]))
        return LabDetails(
            fields={
                **located(item, document["worker_id"], name, region),
                "first_seen": document["first_seen_at"],
            },
            operation_history=newest_first(document["operation_history"]),
            version=document["version"],
        )

    async def _find_async(
        self, query: dict[str, Any], order: list[tuple[str, int]], limit: int = 0
    ) -> list[dict[str, Any]]:
        current = await self._watch.current_async(MODEL)
        if current is None:
            return []
        collection: MongoCollection = self._driver.collection(current.collection)
        with translating_outages("the read model store"):
            return await collection.find(query, {"search": 0}).sort(order).limit(limit).to_list(None)


def _query(wanted: LabFilter, places: dict[str, tuple[str, str]]) -> dict[str, Any]:
    query: dict[str, Any] = {}
    if wanted.worker_id is not None:
        query["worker_id"] = {"$eq": wanted.worker_id}
    if wanted.region is not None:
        here = [worker_id for worker_id, (_, region) in places.items() if region == wanted.region]
        query = {"$and": [query, {"worker_id": {"$in": here}}]}
    if wanted.state is not None:
        query["state"] = {"$eq": wanted.state}
    if wanted.owner_username is not None:
        query["owner_username"] = {"$eq": wanted.owner_username}
    if wanted.text is not None:
        query["search"] = {"$regex": re.escape(wanted.text.casefold())}
    if not wanted.include_removed:
        query["removed"] = False
    return query


def _cursor_value(value: object) -> CursorValue:
    return as_utc(value)  # type: ignore[return-value]  # sort fields hold text, numbers, times or nothing


def _after(field: str, direction: int, values: tuple[CursorValue, ...]) -> dict[str, Any]:
    """Return what selects everything after a position; nothing sorts before every value, as in MongoDB."""
    if len(values) != 2 or not isinstance(values[1], str):
        raise BadCursorError
    value, last_id = values
    beyond = "$gt" if direction > 0 else "$lt"
    if field == "_id":
        return {"_id": {beyond: last_id}}
    same = {field: {"$eq": value}, "_id": {beyond: last_id}}
    if value is None:
        return {"$or": [same, {field: {"$ne": None}}]} if direction > 0 else same
    alternatives: list[dict[str, Any]] = [{field: {beyond: value}}, same]
    if direction < 0:
        alternatives.append({field: {"$eq": None}})
    return {"$or": alternatives}
