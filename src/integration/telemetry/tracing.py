"""Traces: recorded only while somebody takes them, and never with a secret in them."""

from collections.abc import Sequence

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision, ParentBased, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, Status, TraceState
from opentelemetry.util.types import Attributes

from integration.telemetry.redaction import redacted_mapping, redacted_text


class WhenExported(Sampler):
    """Records spans while an exporter is there; otherwise only hands out ids, which the logs carry."""

    def __init__(self) -> None:
        self.exporters = 0
        self._recording = ParentBased(ALWAYS_ON)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        if not self.exporters:
            return SamplingResult(Decision.DROP)
        return self._recording.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        return "WhenExported"


class RedactingSpanExporter(SpanExporter):
    """Hands spans on with secrets masked in names, attributes, events and status."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([redacted_span(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def redacted_span(span: ReadableSpan) -> ReadableSpan:
    """Return a copy of a finished span without secrets."""
    events = [Event(event.name, redacted_mapping(event.attributes or {}), event.timestamp) for event in span.events]
    links = [Link(link.context, redacted_mapping(link.attributes or {})) for link in span.links]
    description = span.status.description
    return ReadableSpan(
        name=redacted_text(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=redacted_mapping(span.attributes or {}),
        events=events,
        links=links,
        kind=span.kind,
        status=Status(span.status.status_code, None if description is None else redacted_text(description)),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def tracer_provider(resource: Resource, sampler: WhenExported) -> TracerProvider:
    """Make a provider; it stops when told to and not by itself at the end of the process, where it could hang."""
    return TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)


def install(provider: TracerProvider) -> None:
    """Make it the process' provider; OpenTelemetry keeps the first one it is given."""
    trace.set_tracer_provider(provider)
