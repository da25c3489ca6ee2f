"""Metrics of packages that are computed in Python share a few threads."""

import asyncio
import threading
from collections.abc import Sequence
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
from tests.support.measured import NOW, Measured
from tests.support.specimen_tables import specimen


class Waiting(Metric):
    """Ends when it may."""

    name = "waiting"
    description = "Waits."
    inputs = ("specimen_id",)

    def __init__(self) -> None:
        self.may_end = threading.Event()

    def compute(self, rows: Sequence[Row], asked: Asked) -> MetricTable:
        del asked
        self.may_end.wait(20)
        return MetricTable(columns=["n"], rows=[[len(rows)]])


async def test_a_metric_that_waits_for_a_thread_is_not_blamed_and_its_time_begins_when_it_does() -> None:
    measured = Measured([specimen("A", minutes=5)])
    waiting, healthy = Waiting(), Waiting()
    healthy.may_end.set()
    threads = DaemonThreads(PYTHON_THREADS, "test")
    with measured.table.snapshot() as snapshot:

        async def ask_async(metric: Metric, seconds: float) -> MetricTable:
            specimens = Specimens(snapshot, metric.inputs, metric.filters_on, MetricFilter())
            asked = Asked(
                specimens=specimens,
                wanted=MetricFilter(),
                now=NOW,
                zone=ZoneInfo("UTC"),
                limits=SlaLimits(),
                threads=threads,
            )
            return await GuardedMetric(metric, seconds).answer_async(asked)

        busy = [asyncio.create_task(ask_async(waiting, 1.5)) for _ in range(PYTHON_THREADS)]
        try:
            given_up = await asyncio.gather(*busy, return_exceptions=True)
            assert {type(one) for one in given_up} == {MetricFailedError}
            with pytest.raises(UnavailableError, match=r"has not begun: all 4 threads .* are busy") as refused:
                await ask_async(healthy, 0.1)
            assert refused.value.retry_after_seconds == 0.1

            slow = Waiting()
            queued = asyncio.create_task(ask_async(slow, 2))
            await asyncio.sleep(1.4)
            waiting.may_end.set()
            await asyncio.sleep(1)
            assert not queued.done(), "its own time has not passed"
            slow.may_end.set()
            assert (await queued).rows == [[1]]
        finally:
            waiting.may_end.set()
            threads.close()
