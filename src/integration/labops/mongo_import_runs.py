"""Imports and their rejected rows in MongoDB."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from typing import Any

from application.labops.imports.import_runs import ImportRun, ImportRuns, ImportState, RejectedRow
from integration.mongo.bulk_writes import insert_missing_async
from integration.mongo.driver import MongoDocument, MongoDriver, translating_outages

RUNS = "labops_imports"
REJECTIONS = "labops_import_rejections"
LOOK_AGAIN_SECONDS = 0.5
_STORE = "the store of imports"
_OPEN = {"$in": [ImportState.QUEUED.value, ImportState.RUNNING.value]}


class MongoImportRuns(ImportRuns):
    """One document per import, one per rejected row. Call ``prepare_async`` once before use."""

    def __init__(self, driver: MongoDriver) -> None:
        self._runs = driver.collection(RUNS)
        self._rejections = driver.collection(REJECTIONS)
        self._added = asyncio.Event()
        self._changed = asyncio.Event()

    async def prepare_async(self) -> None:
        """Make the indexes; nothing happens when they are there."""
        with translating_outages(_STORE):
            await self._runs.create_index("state", name="open", partialFilterExpression={"state": _OPEN})
            await self._rejections.create_index([("import", 1), ("line", 1)], unique=True, name="line")

    async def add_async(self, run: ImportRun) -> None:
        with translating_outages(_STORE):
            await self._runs.insert_one(_document(run))
        self._added.set()

    async def get_async(self, import_id: str) -> ImportRun | None:
        with translating_outages(_STORE):
            found = await self._runs.find_one({"_id": import_id})
        return None if found is None else _run(found)

    async def list_async(self, limit: int, before: str | None) -> list[ImportRun]:
        query: dict[str, Any] = {} if before is None else {"_id": {"$lt": before}}
        with translating_outages(_STORE):
            found = await self._runs.find(query).sort("_id", -1).limit(limit).to_list(limit)
        return [_run(one) for one in found]

    async def cancel_async(self, import_id: str) -> ImportRun | None:
        with translating_outages(_STORE):
            await self._runs.update_one({"_id": import_id, "state": _OPEN}, {"$set": {"cancelling": True}})
        self._tell()
        return await self.get_async(import_id)

    async def wait_for_progress_async(self, seen: ImportRun, timeout_seconds: float) -> ImportRun | None:
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        while True:
            changed = self._changed
            run = await self.get_async(seen.import_id)
            left = deadline - asyncio.get_running_loop().time()
            if run is None or run != seen or left <= 0:
                return run
            try:
                await asyncio.wait_for(changed.wait(), min(left, LOOK_AGAIN_SECONDS))
            except TimeoutError:
                continue

    async def next_async(self) -> ImportRun | None:
        self._added.clear()
        with translating_outages(_STORE):
            found = await self._runs.find_one({"state": _OPEN}, sort=[("_id", 1)])
        return None if found is None else _run(found)

    async def wait_for_next_async(self, timeout_seconds: float) -> None:
        try:
            await asyncio.wait_for(self._added.wait(), timeout_seconds)
        except TimeoutError:
            return

    async def save_async(self, run: ImportRun) -> ImportRun | None:
        values = _document(run)
        for name in ("_id", "cancelling"):
            del values[name]
        ours = {"_id": run.import_id, "state": _OPEN, "token": {"$lte": run.token}}
        with translating_outages(_STORE):
            found = await self._runs.find_one_and_update(ours, {"$set": values}, return_document=True)
        self._tell()
        return None if found is None else _run(found)

    async def reject_async(self, import_id: str, rows: Sequence[RejectedRow]) -> None:
        if not rows:
            return
        documents: list[MongoDocument] = [{"import": import_id, **asdict(row)} for row in rows]
        with translating_outages(_STORE):
            await insert_missing_async(self._rejections, documents)

    async def rejected_async(self, import_id: str) -> AsyncIterator[RejectedRow]:
        line = 0
        while True:
            query = {"import": import_id, "line": {"$gt": line}}
            with translating_outages(_STORE):
                found = await self._rejections.find(query).sort("line", 1).limit(1000).to_list(1000)
            for one in found:
                yield RejectedRow(one["line"], one["column"], one["value"], one["reason"])
            if not found:
                return
            line = found[-1]["line"]

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _document(run: ImportRun) -> MongoDocument:
    values = asdict(run)
    values["_id"] = values.pop("import_id")
    values["state"] = run.state.value
    values["ignored_columns"] = list(run.ignored_columns)
    return values


def _run(document: MongoDocument) -> ImportRun:
    values = dict(document)
    values["import_id"] = values.pop("_id")
    state = values["state"] = ImportState(values["state"])
    values["cancelling"] = values["cancelling"] and not state.ended
    values["ignored_columns"] = tuple(values["ignored_columns"])
    return ImportRun(**values)
