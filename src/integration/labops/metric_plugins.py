"""Metrics of installed packages, found through their entry points."""

import asyncio
import logging
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points

from application.kernel.daemon_threads import EscapedError
from application.labops.metrics.metric import PYTHON_THREADS, Asked, Metric, MetricFailedError, plain_table
from application.labops.metrics.registry import ENTRY_POINTS, KnownMetric, checked_metric
from application.labops.metrics.views import MetricTable
from domain.kernel.errors import DomainError, UnavailableError

log = logging.getLogger(__name__)


def installed_metrics(seconds: float) -> Iterator[KnownMetric]:
    """Return what installed packages declare, by name. What cannot be loaded is told, and stops nothing.

    Args:
        seconds: how long each may take to answer.
    """
    for found in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: (entry.name, entry.value)):
        yield _loaded(found, seconds)


def _loaded(found: EntryPoint, seconds: float) -> KnownMetric:
    source = found.value if found.dist is None else f"{found.dist.name} {found.dist.version}"
    try:
        metric = checked_metric(found.load())
    except BaseException as error:
        log.exception("metric %s of %s cannot be loaded", found.name, source)
        return KnownMetric(name=found.name, source=source, metric=None, error=_said_by(error))
    return KnownMetric(name=metric.name, source=source, metric=GuardedMetric(metric, seconds))


class GuardedMetric(Metric):
    """A plugin's metric; whatever goes wrong in its code, or takes too long, is told as its failure.

    Args:
        seconds: how long it may take. SQL is stopped then; Python cannot be, and is left behind in its thread. It may
            wait as long for a thread before.
    """

    def __init__(self, metric: Metric, seconds: float) -> None:
        self._metric = metric
        self._seconds = seconds
        # What the class of a metric declares, this one has from the metric behind it.
        for attribute in ("name", "description", "inputs", "filters_on", "uses_limits"):
            setattr(self, attribute, getattr(metric, attribute))

    async def answer_async(self, asked: Asked) -> MetricTable:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._seconds) as limit:

                def begun() -> None:
                    if not limit.expired():
                        limit.reschedule(loop.time() + self._seconds)

                asked.turn.begun = begun
                try:
                    return await self._guarded_async(asked)
                finally:
                    asked.turn.begun = None
        except TimeoutError:
            if asked.turn.is_awaited:
                raise UnavailableError(
                    f"metric {self.name} has not begun: all {PYTHON_THREADS} threads for metrics in Python are busy",
                    self._seconds,
                ) from None
            rule = f"it took longer than {self._seconds:g} s, the limit that LABKEEPER_LABOPS_PLUGIN_SECONDS sets"
            log.warning("metric %s was given up: %s", self.name, rule)
            raise MetricFailedError(rule) from None

    async def _guarded_async(self, asked: Asked) -> MetricTable:
        try:
            return plain_table(await self._metric.answer_async(asked))
        except (DomainError, UnavailableError):
            raise
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError) and _is_being_cancelled():
                raise
            log.exception("metric %s failed", self.name)
            raise MetricFailedError(_said_by(error)) from error


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _said_by(error: BaseException) -> str:
    if isinstance(error, EscapedError):
        return f"{error} was raised"
    return f"{type(error).__name__}: {error}"
