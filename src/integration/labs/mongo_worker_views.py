"""Workers as people see them: the read model ``workers`` joined with the sync ledger."""

from typing import Any

from application.kernel.paging import BadCursorError, Cursor, Page
from application.labs.sync_ledger import SyncLedger, WorkerSync
from application.labs.views import WorkerView, WorkerViews
from domain.labs.values import Reachability
from integration.mongo.driver import MongoCollection, MongoDriver, translating_outages
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch

MODEL = "workers"
_MOST_KEPT = 10_000


class MongoWorkerViews(WorkerViews):
    """Single workers are kept in memory for as long as the read model stands still."""

    def __init__(self, driver: MongoDriver, watch: ReadModelWatch, ledger: SyncLedger) -> None:
        self._driver = driver
        self._watch = watch
        self._ledger = ledger
        self._kept: dict[str, dict[str, Any]] = {}
        self._kept_at: tuple[int, int] | None = None

    async def get_async(self, worker_id: str) -> WorkerView | None:
        document = await self._document_async(worker_id)
        return None if document is None else _view(document, await self._ledger.get_async(worker_id))

    def is_known_present(self, worker_id: str) -> bool:
        """Tell whether a worker is there and not decommissioned; False also when that is not certain."""
        current = self._watch.fresh(MODEL)
        if current is None or (current.generation, current.position) != self._kept_at:
            return False
        document = self._kept.get(worker_id)
        return document is not None and not document["decommissioned"]

    async def _document_async(self, worker_id: str) -> dict[str, Any] | None:
        current = self._watch.fresh(MODEL)
        stamp = (current.generation, current.position) if current else None
        if stamp is None or stamp != self._kept_at or len(self._kept) > _MOST_KEPT:
            self._kept, self._kept_at = {}, stamp
        if worker_id in self._kept:
            return self._kept[worker_id]
        collection = await self._collection_async()
        if collection is None:
            return None
        with translating_outages("the read model store"):
            document = await collection.find_one({"_id": worker_id})
        if document is not None and stamp is not None and stamp == self._kept_at:
            self._kept[worker_id] = document
        return document

    async def list_async(
        self, region: str | None, status: str | None, limit: int, cursor: str | None
    ) -> Page[WorkerView]:
        scope = f"workers {region} {status}"
        query: dict[str, Any] = _status_filter(status)
        if region is not None:
            query["region"] = region
        if cursor is not None:
            name, last_id = _two_texts(Cursor.decode(cursor, scope))
            query["$or"] = [{"name": {"$gt": name}}, {"name": name, "_id": {"$gt": last_id}}]
        collection = await self._collection_async()
        if collection is None:
            return Page([])
        with translating_outages("the read model store"):
            found = await collection.find(query).sort([("name", 1), ("_id", 1)]).limit(limit + 1).to_list(None)
        page = found[:limit]
        syncs = await self._ledger.get_many_async([document["_id"] for document in page])
        views = [_view(document, syncs[document["_id"]]) for document in page]
        more = len(found) > limit
        return Page(views, Cursor.encode([page[-1]["name"], page[-1]["_id"]], scope) if more else None)

    async def list_active_ids_async(self) -> list[str]:
        collection = await self._collection_async()
        if collection is None:
            return []
        with translating_outages("the read model store"):
            found = await collection.find({"active": True, "decommissioned": False}, {"_id": 1}).to_list(None)
        return sorted(document["_id"] for document in found)

    async def names_and_regions_async(self) -> dict[str, tuple[str, str]]:
        """Return name and region of every worker by id, decommissioned ones too."""
        collection = await self._collection_async()
        if collection is None:
            return {}
        with translating_outages("the read model store"):
            found = await collection.find({}, {"name": 1, "region": 1}).to_list(None)
        return {document["_id"]: (document["name"], document["region"]) for document in found}

    async def _collection_async(self) -> MongoCollection | None:
        current = await self._watch.current_async(MODEL)
        return self._driver.collection(current.collection) if current else None


def _status_filter(status: str | None) -> dict[str, Any]:
    match status:
        case None:
            return {"decommissioned": False}
        case "decommissioned":
            return {"decommissioned": True}
        case "active" | "inactive":
            return {"decommissioned": False, "active": status == "active"}
        case _:
            return {"decommissioned": False, "reachability": Reachability(status).value}


def _two_texts(values: tuple[object, ...]) -> tuple[str, str]:
    if len(values) != 2 or not isinstance(values[0], str) or not isinstance(values[1], str):
        raise BadCursorError
    return values[0], values[1]


def _view(document: dict[str, Any], sync: WorkerSync) -> WorkerView:
    names = WorkerView.__dataclass_fields__
    values = {name: document[name] for name in document if name in names}
    return WorkerView(
        worker_id=document["_id"],
        last_synced_at=sync.last_synced_at,
        stale_since=sync.stale_since,
        last_error=sync.error,
        next_refresh_at=sync.next_due_at if document["active"] else None,
        **values,
    )
