"""Get one metric over the specimens as they are now."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.kernel.refusals import missing, upstream_failed
from application.labops.metric_filter import MetricFilter
from application.labops.metrics.metric import MetricFailedError
from application.labops.metrics.registry import MetricRegistry
from application.labops.metrics.service import MetricAnswer, Metrics
from application.labops.metrics.views import Grain


@dataclass(frozen=True, slots=True, kw_only=True)
class GetMetricQuery(Query[OperationResult[MetricAnswer]]):
    """Get a metric. ``grain`` and ``include_empty`` count where the metric has buckets."""

    name: str
    wanted: MetricFilter
    grain: Grain = Grain.HOUR
    include_empty: bool = False


class GetMetricQueryHandler(QueryHandler[GetMetricQuery, OperationResult[MetricAnswer]]):
    def __init__(self, metrics: Metrics, registry: MetricRegistry) -> None:
        self._metrics = metrics
        self._registry = registry

    async def handle_async(self, request: GetMetricQuery) -> OperationResult[MetricAnswer]:
        known = self._registry.find(request.name)
        if known is None:
            return missing("metric", request.name)
        if known.metric is None:
            return upstream_failed(f"metric {known.name} of {known.source} could not be loaded: {known.error}")
        try:
            answer = await self._metrics.answer_async(
                request.name, request.wanted, grain=request.grain, include_empty=request.include_empty
            )
        except MetricFailedError as error:
            return upstream_failed(f"metric {known.name} of {known.source} failed: {error}"[:1000], metric=known.name)
        return self.ok(answer)
