"""Saving: the repository against plain inserts of the same documents."""

import asyncio
import bisect
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from uuid import uuid4

from application.kernel.event_feed import RecordedFact
from application.kernel.subscriptions import Subscriber
from domain.kernel.clock import SystemClock
from domain.labs.lab_record import LabRecord
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.subscriptions.checkpoints import Checkpoints
from integration.mongo.subscriptions.parked_events import ParkedEvents
from integration.mongo.subscriptions.subscription_runner import SubscriptionRunner
from tests.benchmarks.material import (
    LOG,
    Workbench,
    a_changed,
    a_new_record,
    a_snapshot,
    fresh_number,
    plain_documents,
    workbench,
    write_labs,
)
from tests.benchmarks.measuring import Measure, Reading, Row, alternating, percentile

Worker = Callable[[int], Awaitable[object]]


async def at_once(concurrency: int, count: int, work: Worker) -> float:
    """Do something ``count`` times by so many workers; return seconds."""
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await work(number)

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    return time.perf_counter() - started


def _append(concurrency: int, count: int, rounds: int) -> Measure:
    async def measure(uri: str) -> Reading:
        async with workbench(uri) as bench:
            clock = SystemClock()

            async def baseline() -> float:
                collection = await bench.plain_collection()
                documents = plain_documents(bench.store.codec, count)
                seconds = await at_once(concurrency, count, lambda i: collection.insert_one(documents[i]))
                await collection.drop()
                return count / seconds

            async def ours() -> float:
                seconds = await at_once(
                    concurrency, count, lambda _: bench.records.add_async(a_new_record(clock.now()))
                )
                return count / seconds

            return await alternating(ours, baseline, rounds)

    return measure


class Counting(Subscriber):
    """Counts what it is told; wakes whoever waits for a number of facts."""

    log = LOG

    def __init__(self, name: str, expected: int = -1) -> None:
        self.name = name
        self.seen = 0
        self.expected = expected
        self.done = asyncio.Event()

    async def handle_async(self, fact: RecordedFact) -> None:
        self.seen += 1
        if self.seen == self.expected:
            self.done.set()


def runner_of(bench: Workbench, subscriber: Subscriber) -> SubscriptionRunner:
    """Return what runs a subscriber in the product."""
    clock = SystemClock()
    return SubscriptionRunner(
        subscriber,
        bench.store,
        MongoLeases(bench.driver),
        Checkpoints(bench.driver, clock),
        ParkedEvents(bench.driver, clock),
    )


def zipf(streams: int, exponent: float, seed: int) -> Iterator[int]:
    """Return numbers below ``streams``, the low ones far more often."""
    random_source = random.Random(seed)
    weights = list(itertools.accumulate(1 / rank**exponent for rank in range(1, streams + 1)))
    while True:
        yield bisect.bisect_left(weights, random_source.random() * weights[-1])


async def _zipf_p99(uri: str) -> Reading:
    """Measure each save of 64 writers, every one on heavy-tailed streams of its own.

    A stream has one writer at a time, as in the product, where a worker's records change only under its refresh lease;
    what many writers on one stream do to each other is a matter of the fault tests. Some streams take a fifth of a
    writer's saves, most take hardly any. Two subscribers catch up with a backlog in the same process meanwhile.
    """
    streams, writers, count, backlog = 32, 64, 4_000, 10_000
    async with workbench(uri) as bench:
        clock = SystemClock()
        await write_labs(bench, backlog // 5, 4)
        tag = itertools.count()

        async def ours() -> float:
            snapshots = [[a_snapshot(fresh_number()) for _ in range(streams)] for _ in range(writers)]
            records = [[LabRecord.create("worker-1", one, clock.now()) for one in mine] for mine in snapshots]
            await bench.records.save_many_async([record for mine in records for record in mine])
            runners = [runner_of(bench, Counting(f"catching-up-{uuid4().hex}")) for _ in range(2)]
            for runner in runners:
                runner.start()
            latencies: list[float] = []

            async def write(writer: int) -> None:
                chosen = zipf(streams, 1.1, writer)
                for _ in range(count // writers):
                    stream = next(chosen)
                    record = records[writer][stream]
                    record.update_from_cml(a_changed(snapshots[writer][stream], next(tag)), clock.now())
                    started = time.perf_counter()
                    await bench.records.update_async(record)
                    latencies.append(time.perf_counter() - started)

            await asyncio.gather(*(write(writer) for writer in range(writers)))
            await asyncio.gather(*(runner.stop_async() for runner in runners))
            return percentile(latencies, 0.99) * 1000

        async def baseline() -> float:
            collection = await bench.plain_collection()
            documents = plain_documents(bench.store.codec, count)
            latencies: list[float] = []

            async def insert(number: int) -> None:
                started = time.perf_counter()
                await collection.insert_one(documents[number])
                latencies.append(time.perf_counter() - started)

            await at_once(writers, count, insert)
            await collection.drop()
            return percentile(latencies, 0.99) * 1000

        return await alternating(ours, baseline, 3)


ROWS = (
    Row("append_c16_vs_raw_insert", 4, "higher", "commits/s", _append(16, 2000, 5)),
    Row("append_c64_vs_raw_insert", 8, "higher", "commits/s", _append(64, 4000, 5)),
    Row("append_c1_vs_raw_insert", 0.85, "higher", "commits/s", _append(1, 300, 5)),
    Row("append_zipf_c64_p99_vs_raw_insert_p99", 0.3, "lower", "ms", _zipf_p99),
)
