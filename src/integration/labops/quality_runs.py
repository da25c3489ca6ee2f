"""Quality runs in MongoDB, kept for a year."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from neuroglia.hosting.abstractions import HostedService

from application.labops.quality.runs import MOST_STARTS, QualityRun, QualityRuns, QualityRunState
from domain.kernel.clock import Clock
from integration.labops.quality_run_documents import document_of, run_of
from integration.mongo.driver import MongoDriver, translating_outages
from integration.mongo.runs.time_ordered_ids import TimeOrderedIds

COLLECTION = "labops_quality_runs"
KEPT = timedelta(days=365)
NEVER_STARTED = timedelta(seconds=30)
"""A run that no process has started on for so long was left behind by the one that made it."""
_STORE = "the store of quality runs"
_RUNNING = QualityRunState.RUNNING.value


class MongoQualityRuns(QualityRuns, HostedService):
    """A hosted service only to make its indexes."""

    def __init__(self, driver: MongoDriver, clock: Clock) -> None:
        self._collection = driver.collection(COLLECTION)
        self._clock = clock
        self._ids = TimeOrderedIds(clock)

    async def start_async(self) -> None:
        """Make the indexes; nothing happens when they are there."""
        with translating_outages(_STORE):
            await self._collection.create_index([("kind", 1), ("_id", -1)], name="newest_of_kind")
            kept = int(KEPT.total_seconds())
            await self._collection.create_index("state", name="state")
            await self._collection.create_index("started_at", name="kept", expireAfterSeconds=kept)

    async def stop_async(self) -> None:
        """Nothing to do."""

    def new_id(self) -> str:
        return self._ids.next()

    def id_at(self, at: datetime, seed: str) -> str:
        low = int(seed, 16) & ((1 << 74) - 1)
        fixed = (7 << 76) | (low >> 62 << 64) | (2 << 62) | (low & ((1 << 62) - 1))
        return str(UUID(int=(int(at.timestamp() * 1000) << 80) | fixed))

    async def begin_async(self, run: QualityRun) -> None:
        document = {**document_of(run), "starts": 0, "token": 0}
        with translating_outages(_STORE):
            await self._collection.replace_one({"_id": run.run_id}, document, upsert=True)

    async def claim_async(self, run_id: str, token: int) -> QualityRun | None:
        now = self._clock.now()
        mine = {"_id": run_id, "state": _RUNNING, "token": {"$not": {"$gte": token}}}
        start = {"$set": {"token": token, "started_at": now}, "$inc": {"starts": 1}}
        with translating_outages(_STORE):
            found = await self._collection.find_one_and_update(mine, start, return_document=True)
        if found is None:
            return None
        run = run_of(found, now)
        if found["starts"] <= MOST_STARTS:
            return run
        error = f"its process ended {MOST_STARTS} times in the middle of it"
        await self.end_async(replace(run, state=QualityRunState.FAILED, ended_at=now, error=error), token)
        return None

    async def end_async(self, run: QualityRun, token: int) -> bool:
        mine = {"_id": run.run_id, "state": _RUNNING, "token": token}
        with translating_outages(_STORE):
            changed = await self._collection.update_one(mine, {"$set": document_of(run)})
        return bool(changed.matched_count)

    async def left_behind_async(self) -> list[QualityRun]:
        now = self._clock.now()
        started = [{"token": {"$gt": 0}}, {"started_at": {"$lt": now - NEVER_STARTED}}]
        with translating_outages(_STORE):
            found = self._collection.find({"state": _RUNNING, "$or": started}).sort("_id", 1)
            return [run_of(document, now) for document in await found.to_list(None)]

    async def get_async(self, run_id: str) -> QualityRun | None:
        with translating_outages(_STORE):
            document = await self._collection.find_one({"_id": run_id})
        return None if document is None else run_of(document, self._clock.now())

    async def list_async(self, kind: str | None, limit: int, before: str | None) -> list[QualityRun]:
        query: dict[str, Any] = {} if kind is None else {"kind": kind}
        if before is not None:
            query["_id"] = {"$lt": before}
        with translating_outages(_STORE):
            cursor = self._collection.find(query, {"violations": 0}).sort("_id", -1).limit(limit)
            now = self._clock.now()
            return [run_of(document, now) for document in await cursor.to_list(limit)]
