"""Which metrics there are: our own, and those of installed packages."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from application.labops.metrics.failures import Failures, FailuresOverTime
from application.labops.metrics.metric import Metric
from application.labops.metrics.promises import Promises, PromisesOverTime
from application.labops.metrics.throughput import Throughput, ThroughputOverTime
from application.labops.metrics.turn_around import TurnAround, TurnAroundOverTime
from application.labops.metrics.work_in_progress import Reception, WorkInProgress
from application.labops.metrics.work_over_time import WorkOverTime
from domain.kernel.errors import DomainError

ENTRY_POINTS = "labkeeper.metrics"
BUILT_IN_SOURCE = "built-in"
COLUMNS = (
    "specimen_id",
    "assay",
    "machine_id",
    "operator_id",
    "status",
    "error_code",
    "received_at",
    "started_at",
    "processed_at",
    "version",
)
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")

BUILT_IN: tuple[type[Metric], ...] = (
    TurnAround,
    TurnAroundOverTime,
    Throughput,
    ThroughputOverTime,
    Failures,
    FailuresOverTime,
    Promises,
    PromisesOverTime,
    WorkInProgress,
    WorkOverTime,
    Reception,
)


class InvalidMetricError(DomainError):
    """A class is no metric; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownMetric:
    """A metric, or a plugin that should have been one.

    Attributes:
        name: of the metric, or of the entry point where there is none.
        source: ``built-in``, or the package and its version.
        metric: None when it could not be loaded; ``error`` says why.
    """

    name: str
    source: str
    metric: Metric | None
    error: str | None = None


class MetricRegistry:
    """All metrics by name. A plugin never takes the place of another metric: it is reported instead."""

    def __init__(self, plugins: Iterable[KnownMetric] = ()) -> None:
        self.known = [KnownMetric(name=cls.name, source=BUILT_IN_SOURCE, metric=cls()) for cls in BUILT_IN]
        self._by_name = {known.name: known for known in self.known}
        for plugin in plugins:
            other = self._by_name.get(plugin.name)
            if other is None:
                self._by_name[plugin.name] = plugin
                self.known.append(plugin)
            else:
                error = plugin.error or f"there is a metric {plugin.name} already, of {other.source}"
                self.known.append(KnownMetric(name=plugin.name, source=plugin.source, metric=None, error=error))

    def find(self, name: str) -> KnownMetric | None:
        """Return what is known under a name; None when nothing is."""
        return self._by_name.get(name)


def checked_metric(cls: object) -> Metric:
    """Return an instance of a class that a plugin gave.

    Raises:
        InvalidMetricError: it is no metric, or lacks what a metric declares.
    """
    if not (isinstance(cls, type) and issubclass(cls, Metric)):
        raise InvalidMetricError("it is no subclass of application.labops.metrics.metric.Metric")
    for attribute in ("name", "description", "inputs"):
        if not getattr(cls, attribute, None):
            raise InvalidMetricError(f"it declares no {attribute}")
    if not _NAME.fullmatch(str(cls.name)):
        raise InvalidMetricError("its name must begin with a small letter and have only a-z, 0-9, - and _")
    if any(column not in COLUMNS for column in cls.inputs):
        raise InvalidMetricError(f"its inputs must be columns of specimens: {', '.join(COLUMNS)}")
    if cls.filters_on not in ("received_at", "processed_at"):
        raise InvalidMetricError("filters_on must be received_at or processed_at")
    computes = cls.compute is not Metric.compute or cls.answer_async is not Metric.answer_async
    if cls.sql is None and not computes:
        raise InvalidMetricError("it has neither sql nor compute")
    return cls()
