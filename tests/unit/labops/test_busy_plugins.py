"""Metrics of packages that are computed in Python share a few threads."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

import pytest

from application.kernel.daemon_threads import DaemonThreads
from application.labops.metric_filter import MetricFilter
from application.labops.metrics.metric import PYTHON_THREADS, Asked, Metric, MetricFailedError, Specimens
from application.labops.metrics.views import MetricTable
from application.labops.specimen_table import Row
from domain.kernel.errors import UnavailableError
from domain.labops.sla_limits import SlaLimits
from integration.labops.metric_plugins import GuardedMetric
from tests.support.jobs import eventually
from tests.support.measured import NOW, Measured
from tests.support.specimen_tables import specimen

LIMIT_SECONDS = 300.0


class Waiting(Metric):
    """Ends when it may."""

    name = "waiting"
    description = "Waits."
    inputs = ("specimen_id",)

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Event()

    def compute(self, rows: Sequence[Row], asked: Asked) -> MetricTable:
        del asked
        self.begun.release()
        self.may_end.wait(120)
        return MetricTable(columns=["n"], rows=[[len(rows)]])

    async def begins_async(self) -> None:
        """Wait until a thread has taken it and the loop knows."""
        await eventually(lambda: self.begun.acquire(blocking=False))
        await asyncio.sleep(0)


def leaping(loop: asyncio.AbstractEventLoop) -> Callable[[float], None]:
    """Return what puts the loop's own time forward."""
    usual, ahead = loop.time, 0.0

    def leap(seconds: float) -> None:
        nonlocal ahead
        ahead += seconds

    loop.time = lambda: usual() + ahead  # type: ignore[method-assign]
    return leap


async def test_a_metric_that_waits_for_a_thread_is_not_blamed_and_its_time_begins_when_it_does() -> None:
    measured = Measured([specimen("A", minutes=5)])
    waiting, healthy, slow = Waiting(), Waiting(), Waiting()
    healthy.may_end.set()
    threads = DaemonThreads(PYTHON_THREADS, "test")
    leap = leaping(asyncio.get_running_loop())
    with measured.table.snapshot() as snapshot:

        def asked_of(metric: Metric) -> Asked:
            return Asked(
                specimens=Specimens(snapshot, metric.inputs, metric.filters_on, MetricFilter()),
                wanted=MetricFilter(),
                now=NOW,
                zone=ZoneInfo("UTC"),
                limits=SlaLimits(),
                threads=threads,
            )

        async def ask_async(metric: Metric, seconds: float, asked: Asked | None = None) -> MetricTable:
            return await GuardedMetric(metric, seconds).answer_async(asked or asked_of(metric))

        busy = [asyncio.create_task(ask_async(waiting, LIMIT_SECONDS)) for _ in range(PYTHON_THREADS)]
        try:
            for _ in busy:
                await waiting.begins_async()
            leap(LIMIT_SECONDS + 1)
            given_up = await asyncio.gather(*busy, return_exceptions=True)
            assert {type(one) for one in given_up} == {MetricFailedError}
            with pytest.raises(UnavailableError, match=r"has not begun: all 4 threads .* are busy") as refused:
                await ask_async(healthy, 0.1)
            assert refused.value.retry_after_seconds == 0.1

            asked = asked_of(slow)
            queued = asyncio.create_task(ask_async(slow, LIMIT_SECONDS, asked))
            await eventually(lambda: asked.turn.is_awaited)
            leap(0.7 * LIMIT_SECONDS)
            await asyncio.sleep(0.05)
            waiting.may_end.set()
            await slow.begins_async()
            leap(0.7 * LIMIT_SECONDS)
            await asyncio.sleep(0.05)
            assert not queued.done(), "its own time has not passed"
            slow.may_end.set()
            assert (await queued).rows == [[1]]
        finally:
            waiting.may_end.set()
            slow.may_end.set()
            threads.close()
