"""Reading: aggregates, subscriptions and projections against plain cursors and plain bulk writes."""

import time
from uuid import uuid4

from pymongo import ReplaceOne

from domain.kernel.clock import SystemClock
from domain.labs.lab_record import LabRecord
from integration.labs.lab_records_projector import LabRecordsProjector
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.driver import MongoDocument
from integration.mongo.subscriptions.checkpoints import Checkpoint, Checkpoints
from integration.mongo.subscriptions.parked_events import ParkedEvents
from integration.mongo.subscriptions.projection_runner import ProjectionRunner
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch
from tests.benchmarks.append_rows import Counting, runner_of
from tests.benchmarks.material import LOG, a_changed, a_snapshot, fresh_number, workbench, write_labs
from tests.benchmarks.measuring import Measure, Reading, Row, alternating

TO_LIST = 1_000


def _load(events: int, times: int) -> Measure:
    async def measure(uri: str) -> Reading:
        async with workbench(uri) as bench:
            clock = SystemClock()
            await write_labs(bench, 500, 3)
            snapshot = a_snapshot(fresh_number())
            record = LabRecord.create("worker-1", snapshot, clock.now())
            await bench.records.add_async(record)
            number = 0
            while record.state.state_version < events:
                number += 1
                snapshot_now = a_changed(snapshot, number % 3 + number * 6)
                record.update_from_cml(snapshot_now, clock.now())
                await bench.records.update_async(record)
            stream = bench.records.stream_of(record.state.id)

            async def baseline() -> float:
                started = time.perf_counter()
                for _ in range(times):
                    found = await bench.commits.find({"s": stream}).sort("f", 1).to_list(None)
                assert sum(len(commit["e"]) for commit in found) == events
                return (time.perf_counter() - started) / times * 1000

            async def ours() -> float:
                started = time.perf_counter()
                for _ in range(times):
                    loaded = await bench.records.get_async(record.state.id)
                assert loaded is not None
                assert loaded.state.state_version == events
                return (time.perf_counter() - started) / times * 1000

            return await alternating(ours, baseline, 9)

    return measure


async def _catch_up(uri: str) -> Reading:
    """Measure a subscription from its start to the last fact; the plain side is the faster way to use a cursor."""
    async with workbench(uri) as bench:
        await write_labs(bench, 4_000, 4)
        events = 0

        async def by_batches() -> float:
            nonlocal events
            started = time.perf_counter()
            events, position = 0, 0
            while batch := await _batch(position):
                events += sum(len(commit["e"]) for commit in batch)
                position = batch[-1]["_id"]
            return events / (time.perf_counter() - started)

        async def _batch(position: int) -> list[MongoDocument]:
            cursor = bench.commits.find({"_id": {"$gt": position}}).sort("_id", 1)
            return await cursor.limit(TO_LIST).batch_size(TO_LIST + 1).to_list(None)

        async def one_by_one() -> float:
            started = time.perf_counter()
            seen = 0
            async for commit in bench.commits.find({"_id": {"$gt": 0}}).sort("_id", 1).batch_size(TO_LIST):
                seen += len(commit["e"])
            return seen / (time.perf_counter() - started)

        async def baseline() -> float:
            return max(await by_batches(), await one_by_one())

        async def ours() -> float:
            subscriber = Counting(f"catching-up-{uuid4().hex}", expected=events)
            runner = runner_of(bench, subscriber)
            started = time.perf_counter()
            runner.start()
            await subscriber.done.wait()
            seconds = time.perf_counter() - started
            await runner.stop_async()
            return events / seconds

        return await alternating(ours, baseline, 5)


async def _project(uri: str) -> Reading:
    """Measure a projection from an empty model to the end of the log, checkpoints and transactions included."""
    async with workbench(uri) as bench:
        await write_labs(bench, 4_000, 1)
        clock = SystemClock()
        projector = LabRecordsProjector()
        checkpoints = Checkpoints(bench.driver, clock)
        watch = ReadModelWatch(bench.driver, checkpoints)
        parked = ParkedEvents(bench.driver, clock)
        leases = MongoLeases(bench.driver)
        runner = ProjectionRunner(projector, bench.store, bench.driver, leases, checkpoints, parked, watch)
        head = await bench.store.head_async()
        facts, _ = await bench.store.read_log_async(0, head, projector.event_types)
        last = ""

        async def ours() -> float:
            nonlocal last
            last = f"lab_records_{uuid4().hex}"
            await projector.prepare_async(bench.driver.collection(last))
            fresh = Checkpoint(f"read-model:{uuid4().hex}", LOG, 0, last, 1, projector.version)
            checkpoint = await checkpoints.start_async(fresh)
            started = time.perf_counter()
            while checkpoint.position < head:
                checkpoint = await runner.project_batch_async(checkpoint, 1)
            return len(facts) / (time.perf_counter() - started)

        await ours()
        documents = await bench.driver.collection(last).find({}).to_list(None)

        async def baseline() -> float:
            collection = bench.driver.collection(f"plain_{uuid4().hex}")
            await projector.prepare_async(collection)
            started = time.perf_counter()
            for start in range(0, len(documents), TO_LIST):
                part = documents[start : start + TO_LIST]
                await collection.bulk_write(
                    [ReplaceOne({"_id": one["_id"]}, one, upsert=True) for one in part], ordered=False
                )
            return len(documents) / (time.perf_counter() - started)

        return await alternating(ours, baseline, 5)


ROWS = (
    Row("load_50_events_vs_raw_find", 1.5, "lower", "ms", _load(50, 60)),
    Row("load_500_events_vs_raw_find", 1.5, "lower", "ms", _load(500, 20)),
    Row("catch_up_vs_raw_cursor", 0.5, "higher", "events/s", _catch_up),
    Row("project_vs_raw_bulk_write", 0.5, "higher", "events/s", _project),
)
