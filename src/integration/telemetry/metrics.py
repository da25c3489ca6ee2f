"""Metrics: always there for Prometheus, pushed to a collector when one is named."""

from collections.abc import Sequence
from typing import cast

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.registry import Collector


class RegistrableReader(PrometheusMetricReader):
    """Prometheus' reader, taken out of the global registry: each application has a registry of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._taken_out = cast(Collector, self._collector)
        REGISTRY.unregister(self._taken_out)

    def new_registry(self) -> CollectorRegistry:
        """Return a registry that shows the metrics of this process."""
        registry = CollectorRegistry()
        registry.register(self._taken_out)
        return registry

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: object) -> None:
        """Nothing to do: it holds no thread, no connection and no place in a global registry."""


def meter_provider(resource: Resource, readers: Sequence[MetricReader]) -> MeterProvider:
    """Make a provider; it stops when told to and not by itself at the end of the process, where it could hang."""
    return MeterProvider(metric_readers=list(readers), resource=resource, shutdown_on_exit=False)
