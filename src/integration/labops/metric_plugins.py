"""Metrics of installed packages, found through their entry points."""

import logging
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points

from application.labops.metrics.metric import Asked, Metric, MetricFailedError, plain_table
from application.labops.metrics.registry import ENTRY_POINTS, KnownMetric, checked_metric
from application.labops.metrics.views import MetricTable
from domain.kernel.errors import DomainError, UnavailableError

log = logging.getLogger(__name__)


def installed_metrics() -> Iterator[KnownMetric]:
    """Return what installed packages declare, by name. What cannot be loaded is told, and stops nothing."""
    for found in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: (entry.name, entry.value)):
        yield _loaded(found)


def _loaded(found: EntryPoint) -> KnownMetric:
    source = found.value if found.dist is None else f"{found.dist.name} {found.dist.version}"
    try:
        metric = checked_metric(found.load())
    except Exception as error:  # code of a package that is not ours
        log.exception("metric %s of %s cannot be loaded", found.name, source)
        return KnownMetric(name=found.name, source=source, metric=None, error=f"{type(error).__name__}: {error}")
    return KnownMetric(name=metric.name, source=source, metric=GuardedMetric(metric))


class GuardedMetric(Metric):
    """A plugin's metric; whatever goes wrong in its code is told as its failure."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        # What the class of a metric declares, this one has from the metric behind it.
        for attribute in ("name", "description", "inputs", "filters_on", "uses_limits"):
            setattr(self, attribute, getattr(metric, attribute))

    async def answer_async(self, asked: Asked) -> MetricTable:
        try:
            return plain_table(await self._metric.answer_async(asked))
        except (DomainError, UnavailableError):
            raise
        except Exception as error:
            log.exception("metric %s failed", self.name)
            raise MetricFailedError(f"{type(error).__name__}: {error}") from error
