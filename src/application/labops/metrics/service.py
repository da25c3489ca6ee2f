"""Metrics, computed once for each state of the table and then given to whoever asks."""

import asyncio
import weakref
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from application.kernel.daemon_threads import DaemonThreads
from application.labops.metric_filter import MetricFilter
from application.labops.metrics.current_limits import CurrentSlaLimits
from application.labops.metrics.kept_answers import Computed, KeptAnswers, Key
from application.labops.metrics.metric import PYTHON_THREADS, Asked, Metric, Specimens
from application.labops.metrics.registry import MetricRegistry
from application.labops.metrics.views import Grain
from application.labops.specimen_table import SpecimenTable, TableSnapshot
from domain.kernel.clock import Clock
from domain.kernel.errors import NotThereError
from domain.labops.sla_limits import SlaLimits


@dataclass(slots=True, eq=False)
class _Shared:
    """A computation under way, and how many wait for it; when the last one gives up, it is stopped."""

    task: asyncio.Task[Computed]
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class MetricAnswer:
    """A metric of the table as it is now.

    Attributes:
        view: see :mod:`application.labops.metrics.views`.
        position: of the log, up to which every fact is in it.
    """

    view: Any
    position: int


class Metrics:
    """Answers metrics by name. What was computed is given again until the table, the limits or the hour change it."""

    def __init__(
        self, table: SpecimenTable, limits: CurrentSlaLimits, registry: MetricRegistry, clock: Clock, zone: ZoneInfo
    ) -> None:
        self._table = table
        self._limits = limits
        self._registry = registry
        self._clock = clock
        self._zone = zone
        self._kept = KeptAnswers()
        self._running: dict[Key, _Shared] = {}
        self._threads = DaemonThreads(PYTHON_THREADS, "metrics")
        weakref.finalize(self, self._threads.close)

    async def compute_async(
        self,
        snapshot: TableSnapshot,
        name: str,
        wanted: MetricFilter = MetricFilter(),  # noqa: B008 - it cannot change
        *,
        grain: Grain = Grain.HOUR,
        include_empty: bool = False,
    ) -> Any:
        """Return the view of a metric over a snapshot; see :mod:`application.labops.metrics.views`.

        Args:
            name: ``tat``, ``throughput``, ``errors``, ``sla``, ``wip``, ``reception``, ``tat_series``,
                ``throughput_series``, ``errors_series``, ``sla_series``, ``wip_series``, or that of a plugin.
            grain: length of buckets, where the metric has any.
            include_empty: whether throughput has zeros for buckets without a result.

        Raises:
            NotThereError: there is no such metric.
            TooMuchAskedError: the answer would be too large.
            UnavailableError: the table cannot be read, or the limits of turn-around not found out.
        """
        metric = self._metric(name)
        key = (name, wanted.key, grain, include_empty)
        kept = self._kept.find(key)
        if kept is not None and await self._still_right_async(kept, metric, snapshot.stamp):
            return kept.view
        return (await self._compute_async(snapshot, metric, key, wanted)).view

    async def answer_async(
        self,
        name: str,
        wanted: MetricFilter = MetricFilter(),  # noqa: B008 - it cannot change
        *,
        grain: Grain = Grain.HOUR,
        include_empty: bool = False,
    ) -> MetricAnswer:
        """Return the view of a metric over the table as it is now. Those who ask the same at once share the work.

        Raises:
            As ``compute_async``.
        """
        metric = self._metric(name)
        key = (name, wanted.key, grain, include_empty)
        kept = self._kept.find(key)
        if kept is not None and await self._still_right_async(kept, metric, self._table.stamp):
            return MetricAnswer(kept.view, self._table.status().position)
        for _ in range(2):
            running = self._running.get(key)
            joined = running is not None
            if running is None:
                running = self._running[key] = _Shared(asyncio.create_task(self._over_now_async(metric, key, wanted)))
                running.task.add_done_callback(partial(self._forget, key, running))
            running.waiting += 1
            try:
                computed = await asyncio.shield(running.task)
            finally:
                running.waiting -= 1
                if not running.waiting and not running.task.done():
                    self._forget(key, running)
                    running.task.cancel()
            # What had begun before this question may lack what whoever asks has just written; what begins now does not.
            if not joined or computed.stamp == self._table.stamp:
                break
        return MetricAnswer(computed.view, computed.position)

    def is_current(
        self, view: object, name: str, wanted: MetricFilter, *, grain: Grain = Grain.HOUR, include_empty: bool = False
    ) -> bool:
        """Tell whether a view is still the right answer to the question that it answered; costs next to nothing.

        False also when another view has been computed since, which may say the same.
        """
        kept = self._kept.find((name, wanted.key, grain, include_empty))
        known = self._registry.find(name)
        if kept is None or kept.view is not view or known is None or known.metric is None:
            return False
        if kept.stamp != self._table.stamp or not self._is_in_time(kept):
            return False
        return not known.metric.uses_limits or self._limits.known == kept.limits

    def _metric(self, name: str) -> Metric:
        known = self._registry.find(name)
        if known is None or known.metric is None:
            raise NotThereError(f"there is no metric {name}")
        return known.metric

    def _forget(self, key: Key, running: _Shared, _: object = None) -> None:
        if self._running.get(key) is running:
            del self._running[key]

    async def _still_right_async(self, kept: Computed, metric: Metric, stamp: str) -> bool:
        if kept.stamp != stamp or not self._is_in_time(kept):
            return False
        return not metric.uses_limits or kept.limits == await self._limits.current_async()

    def _is_in_time(self, kept: Computed) -> bool:
        return kept.valid_until is None or self._clock.now() < kept.valid_until

    async def _over_now_async(self, metric: Metric, key: Key, wanted: MetricFilter) -> Computed:
        with self._table.snapshot() as snapshot:
            return await self._compute_async(snapshot, metric, key, wanted)

    async def _compute_async(self, snapshot: TableSnapshot, metric: Metric, key: Key, wanted: MetricFilter) -> Computed:
        limits = await self._limits.current_async() if metric.uses_limits else SlaLimits()
        asked = Asked(
            specimens=Specimens(snapshot, metric.inputs, metric.filters_on, wanted),
            wanted=wanted,
            now=self._clock.now(),
            zone=self._zone,
            limits=limits,
            threads=self._threads,
            grain=key[2],
            include_empty=key[3],
        )
        view = await metric.answer_async(asked)
        computed = Computed(view, snapshot.stamp, snapshot.position, limits, asked.valid_until)
        self._kept.keep(key, computed)
        return computed
