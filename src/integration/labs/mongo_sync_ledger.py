"""The sync ledger in MongoDB, collection ``labs_sync``: one document per worker, mirrored in memory for readers."""

from collections.abc import Collection
from typing import Any

from neuroglia.hosting.abstractions import HostedService

from application.labs.sync_ledger import SyncLedger, WorkerSync
from integration.mongo.driver import MongoDriver, translating_outages
from integration.mongo.subscriptions.document_mirror import DocumentMirror

COLLECTION = "labs_sync"


class MongoSyncLedger(SyncLedger, HostedService):
    """One changed document per worker and cycle."""

    def __init__(self, driver: MongoDriver) -> None:
        self._collection = driver.collection(COLLECTION)
        self._mirror = DocumentMirror(driver, COLLECTION, _sync_of)

    async def start_async(self) -> None:
        self._mirror.start()

    async def stop_async(self) -> None:
        await self._mirror.stop_async()

    def fresh(self, worker_id: str) -> WorkerSync | None:
        """Return a worker's entry if that is certain without asking the database; None otherwise."""
        return self._mirror.fresh(worker_id)

    async def get_async(self, worker_id: str) -> WorkerSync:
        return await self._mirror.get_async(worker_id) or WorkerSync(worker_id)

    async def get_many_async(self, worker_ids: Collection[str]) -> dict[str, WorkerSync]:
        with translating_outages("the sync ledger"):
            found = await self._collection.find({"_id": {"$in": list(worker_ids)}}).to_list(None)
        known = {document["_id"]: _sync_of(document) for document in found}
        return {worker_id: known.get(worker_id) or WorkerSync(worker_id) for worker_id in worker_ids}

    async def put_async(self, sync: WorkerSync, *, forced: bool = False) -> None:
        document: dict[str, Any] = {
            "last_synced_at": sync.last_synced_at,
            "stale_since": sync.stale_since,
            "error": sync.error,
            "failed_labs": sync.failed_labs,
            "stretch": sync.stretch,
            "next_due_at": sync.next_due_at,
        }
        if forced:
            document["last_forced_at"] = sync.last_forced_at
        with translating_outages("the sync ledger"):
            await self._collection.update_one({"_id": sync.worker_id}, {"$set": document}, upsert=True)
        self._mirror.put(sync.worker_id, sync)

    async def remove_async(self, worker_id: str) -> None:
        with translating_outages("the sync ledger"):
            await self._collection.delete_one({"_id": worker_id})


def _sync_of(document: dict[str, Any]) -> WorkerSync:
    return WorkerSync(
        worker_id=document["_id"],
        last_synced_at=document["last_synced_at"],
        stale_since=document["stale_since"],
        error=document["error"],
        failed_labs=document["failed_labs"],
        stretch=document["stretch"],
        next_due_at=document["next_due_at"],
        last_forced_at=document.get("last_forced_at"),
    )
