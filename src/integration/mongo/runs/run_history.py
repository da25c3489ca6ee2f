"""The record of job runs in MongoDB: one document per run, one per part, one per job for its last start."""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from application.kernel.jobs import (
    JobRun,
    RunAlreadyEndedError,
    RunHistory,
    RunOutcome,
    RunPart,
    RunRecorder,
    StartMemory,
)
from domain.kernel.clock import Clock, SystemClock
from domain.kernel.errors import UnavailableError
from integration.mongo.driver import MongoDocument, MongoDriver, translating_outages
from integration.mongo.runs.run_documents import (
    milliseconds,
    part_document,
    part_from,
    run_document,
    run_from,
    shortened,
)
from integration.mongo.runs.time_ordered_ids import TimeOrderedIds

KEPT = timedelta(days=30)
LONGEST_BESIDE = timedelta(hours=2)
POLL_SECONDS = 0.2
PARTS_PAUSE_SECONDS = 0.1
"""Parts that end in quick succession are written together, at most so long after the first of them."""
ABANDONED_ERROR = "its process ended in the middle of the run"

_outages = "the run history"


class MongoRunRecorder(RunRecorder):
    """Writes a run's progress while it runs, so that readers see it. Parts may be recorded concurrently."""

    def __init__(self, driver: MongoDriver, clock: Clock, run: JobRun) -> None:
        self.run = run
        self._runs = driver.collection("job_runs")
        self._parts = driver.collection("job_run_parts")
        self._clock = clock
        self._numbered = 0
        self._unwritten: list[tuple[MongoDocument, Counter[str]]] = []
        self._writing = asyncio.Lock()
        self._write_next_at = float("-inf")
        self._all_done = asyncio.Event()

    async def expect_async(self, parts_total: int) -> None:
        self.run.parts_total = parts_total
        await self.change_async({"$set": {"parts_total": parts_total}})

    async def part_async(self, part: RunPart) -> None:
        self._numbered += 1
        document = part_document(self.run.run_id, self._numbered, part, self._clock.now())
        partial = int(part.outcome is RunOutcome.PARTIAL)
        failed = int(part.outcome not in (RunOutcome.SUCCEEDED, RunOutcome.PARTIAL))
        counts: dict[str, int] = document["counts"]
        self.run.parts_done += 1
        self.run.parts_partial += partial
        self.run.parts_failed += failed
        for name, count in counts.items():
            self.run.counts[name] = self.run.counts.get(name, 0) + count
        steps = {f"counts.{name}": count for name, count in counts.items()}
        steps.update(parts_done=1, parts_partial=partial, parts_failed=failed)
        self._unwritten.append((document, Counter(steps)))
        if self.run.parts_done >= (self.run.parts_total or 0):
            self._all_done.set()
        async with self._writing:
            if self._unwritten:
                await self._pause_async()
                await self._write_parts_async()
                self._write_next_at = asyncio.get_running_loop().time() + PARTS_PAUSE_SECONDS

    async def _pause_async(self) -> None:
        """Wait for parts that end in quick succession, unless these were the last ones."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._write_next_at):
                await self._all_done.wait()

    async def _write_parts_async(self) -> None:
        """Write all parts that wait, those of others too: many that end together cost two writes."""
        batch, self._unwritten = self._unwritten, []
        try:
            with translating_outages(_outages):
                await self._parts.insert_many([document for document, _ in batch])
        except UnavailableError:
            self._unwritten = [*batch, *self._unwritten]
            raise
        total: Counter[str] = Counter()
        for _, steps in batch:
            total.update(steps)
        await self.change_async({"$inc": dict(total)})

    async def change_async(self, change: MongoDocument) -> None:
        """Change the stored run, as long as nobody has closed it."""
        with translating_outages(_outages):
            result = await self._runs.update_one({"_id": self.run.run_id, "outcome": RunOutcome.RUNNING.value}, change)
        if not result.matched_count:
            raise RunAlreadyEndedError(f"run {self.run.run_id} of {self.run.task_id} was closed by another process")


class MongoRunHistory(RunHistory):
    """Runs and their parts are kept for 30 days. Call ``prepare_async`` once before use."""

    def __init__(self, driver: MongoDriver, clock: Clock | None = None) -> None:
        self._driver = driver
        self._clock = clock or SystemClock()
        self._ids = TimeOrderedIds(self._clock)
        self._runs = driver.collection("job_runs")
        self._parts = driver.collection("job_run_parts")
        self._starts = driver.collection("job_schedule")

    async def prepare_async(self) -> None:
        """Make the indexes; nothing happens when they are there."""
        seconds = int(KEPT.total_seconds())
        with translating_outages(_outages):
            await self._runs.create_index([("task_id", 1), ("_id", -1)])
            await self._runs.create_index("started_at", expireAfterSeconds=seconds)
            await self._parts.create_index([("run_id", 1), ("number", 1)])
            await self._parts.create_index("ended_at", expireAfterSeconds=seconds)

    async def start_async(self, task_id: str, trigger: str, actor: str, *, beside_job: bool = False) -> RunRecorder:
        run = JobRun(self._ids.next(), task_id, trigger, actor, milliseconds(self._clock.now()))
        with translating_outages(_outages):
            await self._runs.insert_one({**run_document(run), "beside_job": beside_job})
            if trigger != "manual" and not beside_job:
                await self._starts.update_one({"_id": task_id}, [{"$set": {"started_at": "$$NOW"}}], upsert=True)
        return MongoRunRecorder(self._driver, self._clock, run)

    async def end_async(self, recorder: RunRecorder, outcome: RunOutcome, error: str | None = None) -> JobRun:
        if not isinstance(recorder, MongoRunRecorder):
            raise TypeError("the recorder does not come from this history")
        ended = replace(recorder.run, outcome=outcome, ended_at=milliseconds(self._clock.now()), error=shortened(error))
        document = run_document(ended)
        del document["_id"]
        await recorder.change_async({"$set": document})
        if outcome is RunOutcome.ABANDONED:
            await self._forget_start_async(ended.task_id)
        return ended

    async def abandon_async(self, task_id: str) -> int:
        now = self._clock.now()
        end = {"outcome": RunOutcome.ABANDONED.value, "ended_at": now, "error": ABANDONED_ERROR}
        running = {"task_id": task_id, "outcome": RunOutcome.RUNNING.value}
        held_or_old = [{"beside_job": {"$ne": True}}, {"started_at": {"$lt": now - LONGEST_BESIDE}}]
        with translating_outages(_outages):
            result = await self._runs.update_many({**running, "$or": held_or_old}, {"$set": end})
        if result.modified_count:
            await self._forget_start_async(task_id)
        return result.modified_count

    async def recall_start_async(self, task_id: str) -> StartMemory:
        remember = [{"$set": {"known_since": {"$ifNull": ["$known_since", "$$NOW"]}, "asked_at": "$$NOW"}}]
        with translating_outages(_outages):
            await self._starts.update_one({"_id": task_id}, remember, upsert=True)
            kept = await self._starts.find_one({"_id": task_id})
        if kept is None:
            return StartMemory(None, 0.0)
        started_at = kept.get("started_at")
        since_start = None if started_at is None else (kept["asked_at"] - started_at).total_seconds()
        return StartMemory(since_start, (kept["asked_at"] - kept["known_since"]).total_seconds())

    async def get_async(self, task_id: str, run_id: str) -> JobRun | None:
        with translating_outages(_outages):
            document = await self._runs.find_one({"_id": run_id, "task_id": task_id})
        return None if document is None else run_from(document)

    async def parts_async(self, run_id: str) -> list[RunPart]:
        with translating_outages(_outages):
            documents = await self._parts.find({"run_id": run_id}).sort("number", 1).to_list(None)
        return [part_from(document) for document in documents]

    async def list_async(self, task_id: str, limit: int, before: str | None) -> list[JobRun]:
        chosen: MongoDocument = {"task_id": task_id}
        if before is not None:
            chosen["_id"] = {"$lt": before}
        with translating_outages(_outages):
            documents = await self._runs.find(chosen).sort("_id", -1).limit(limit).to_list(limit)
        return [run_from(document) for document in documents]

    async def wait_for_progress_async(self, seen: JobRun, timeout_seconds: float) -> JobRun | None:
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_seconds
        while True:
            run = await self.get_async(seen.task_id, seen.run_id)
            if run is None or run.ended or run != seen or loop.time() >= until:
                return run
            await asyncio.sleep(min(POLL_SECONDS, max(0.0, until - loop.time())))

    async def _forget_start_async(self, task_id: str) -> None:
        with translating_outages(_outages):
            await self._starts.update_one({"_id": task_id}, {"$unset": {"started_at": ""}})
