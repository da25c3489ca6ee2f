"""List the metrics that there are."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.labops.metrics.registry import BUILT_IN_SOURCE, KnownMetric, MetricRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDescription:
    """One metric.

    Attributes:
        source: ``built-in``, or the package that brought it, with its version.
        inputs: columns of ``specimens`` that it needs; None, like what follows, when it could not be loaded.
        error: why it could not be loaded; None when it works.
    """

    name: str
    source: str
    description: str | None
    inputs: list[str] | None
    filters_on: str | None
    path: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class ListMetricsQuery(Query[OperationResult[list[MetricDescription]]]):
    """List our own metrics, then those of plugins, with what is wrong with them."""


class ListMetricsQueryHandler(QueryHandler[ListMetricsQuery, OperationResult[list[MetricDescription]]]):
    def __init__(self, registry: MetricRegistry) -> None:
        self._registry = registry

    async def handle_async(self, request: ListMetricsQuery) -> OperationResult[list[MetricDescription]]:
        del request
        return self.ok([_described(known) for known in self._registry.known])


def _described(known: KnownMetric) -> MetricDescription:
    metric = known.metric
    return MetricDescription(
        name=known.name,
        source=known.source,
        description=None if metric is None else metric.description,
        inputs=None if metric is None else list(metric.inputs),
        filters_on=None if metric is None else metric.filters_on,
        path=None if metric is None else _path_of(known),
        error=known.error,
    )


def _path_of(known: KnownMetric) -> str:
    if known.source != BUILT_IN_SOURCE:
        return f"/api/v1/metrics/custom/{known.name}"
    name, _, series = known.name.partition("_")
    return f"/api/v1/metrics/{name}/{series}" if series else f"/api/v1/metrics/{name}"
