"""Metrics of installed packages, found through their entry points."""

import logging
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points

from application.labops.metrics.registry import ENTRY_POINTS, KnownMetric, checked_metric

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
    return KnownMetric(name=metric.name, source=source, metric=metric)
