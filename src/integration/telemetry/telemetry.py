"""Traces and metrics of one application.

OpenTelemetry has one tracer and one meter provider per process, and the first one stays. They are made when the first
application starts; each application has its own view of the metrics and its own exporters.
"""

import threading
from dataclasses import dataclass

from opentelemetry import metrics
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter
from prometheus_client import CollectorRegistry, generate_latest

from integration.telemetry import tracing
from integration.telemetry.metrics import RegistrableReader, meter_provider

SHUTDOWN_SECONDS = 2.0
EXPORT_TIMEOUT_SECONDS = 1


@dataclass(slots=True)
class _Process:
    """What this process has one of. ``pushing``: whether metrics go to a collector."""

    sampler: tracing.WhenExported
    meters: MeterProvider
    reader: RegistrableReader
    pushing: bool


_process: _Process | None = None
_lock = threading.Lock()


def _process_telemetry(version: str, otlp_endpoint: str | None) -> _Process:
    global _process  # OpenTelemetry allows one provider per process
    with _lock:
        if _process is None:
            resource = Resource.create({"service.name": "labkeeper", "service.version": version})
            sampler = tracing.WhenExported()
            reader = RegistrableReader()
            readers: list[MetricReader] = [reader]
            if otlp_endpoint:
                exporter = OTLPMetricExporter(_at(otlp_endpoint, "metrics"), timeout=EXPORT_TIMEOUT_SECONDS)
                readers.append(PeriodicExportingMetricReader(exporter))
            meters = meter_provider(resource, readers)
            tracing.install(tracing.tracer_provider(resource, sampler))
            metrics.set_meter_provider(meters)
            _process = _Process(sampler, meters, reader, bool(otlp_endpoint))
        return _process


class Telemetry:
    """``start`` it before the application serves, ``shutdown`` it last.

    Instruments come from ``opentelemetry.metrics.get_meter("labkeeper")`` and
    ``opentelemetry.trace.get_tracer("labkeeper")``, at any time, also before the start.

    Args:
        otlp_endpoint: base URL of a collector (OTLP over HTTP), what ``OTEL_EXPORTER_OTLP_ENDPOINT`` says. Without
            one no exporter, no thread and no connection is made.
    """

    def __init__(self, version: str, otlp_endpoint: str | None = None) -> None:
        self._version = version
        self._otlp_endpoint = otlp_endpoint or None
        self._registry: CollectorRegistry | None = None
        self._process: _Process | None = None
        self._takers: list[SpanProcessor] = []

    def start(self) -> None:
        """Begin to measure, and to export when a collector is named. Nothing happens the second time."""
        if self._process is not None:
            return
        self._process = _process_telemetry(self._version, self._otlp_endpoint)
        self._registry = self._process.reader.new_registry()
        if self._otlp_endpoint:
            exporter = OTLPSpanExporter(_at(self._otlp_endpoint, "traces"), timeout=EXPORT_TIMEOUT_SECONDS)
            self._take(self._process, BatchSpanProcessor(tracing.RedactingSpanExporter(exporter)))

    def export_spans_to(self, exporter: SpanExporter) -> None:
        """Hand each span to one more exporter as it ends, without secrets."""
        if self._process is None:
            raise RuntimeError("start telemetry first")
        self._take(self._process, SimpleSpanProcessor(tracing.RedactingSpanExporter(exporter)))

    def _take(self, process: _Process, taker: SpanProcessor) -> None:
        self._takers.append(taker)
        process.sampler.exporters.add(taker)

    def render_prometheus(self) -> bytes:
        """Return the metrics in Prometheus' text format; empty before the start."""
        return b"" if self._registry is None else generate_latest(self._registry)

    def shutdown(self) -> None:
        """Send what is left, for at most two seconds: a dead collector does not hold up the end.

        Nobody takes spans for this application then. The process' providers go on for others in it.
        """
        process, self._process = self._process, None
        takers, self._takers = self._takers, []
        if process is None:
            return
        for taker in takers:
            process.sampler.exporters.remove(taker)
        work = [threading.Thread(target=taker.shutdown, daemon=True) for taker in takers]
        if self._otlp_endpoint and process.pushing:
            process.pushing = False
            quickly = {"timeout_millis": SHUTDOWN_SECONDS * 1000}
            work.append(threading.Thread(target=process.meters.shutdown, kwargs=quickly, daemon=True))
        for thread in work:
            thread.start()
        for thread in work:
            thread.join(SHUTDOWN_SECONDS / len(work))


def _at(endpoint: str, signal: str) -> str:
    return f"{endpoint.rstrip('/')}/v1/{signal}"
