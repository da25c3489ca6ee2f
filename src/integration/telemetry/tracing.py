"""Traces: recorded only while somebody takes them, and never with a secret in them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import getrandbits
from typing import Any

from opentelemetry import context as telemetry
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision, ParentBased, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, Status, TraceState
from opentelemetry.util.types import Attributes

from integration.telemetry.redaction import redacted_mapping, redacted_text


class SpanTakers(SpanProcessor):
    """Whoever takes the spans of this process: each application brings its own and takes them away when it ends.

    OpenTelemetry's provider has no way to take one away.
    """

    def __init__(self) -> None:
        self._takers: tuple[SpanProcessor, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._takers)

    def add(self, taker: SpanProcessor) -> None:
        self._takers = (*self._takers, taker)

    def remove(self, taker: SpanProcessor) -> None:
        self._takers = tuple(one for one in self._takers if one is not taker)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        for taker in self._takers:
            taker.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        for taker in self._takers:
            taker.on_end(span)


class WhenExported(Sampler):
    """Records spans while an exporter is there; otherwise only hands out ids, which the logs carry."""

    def __init__(self) -> None:
        self.exporters = SpanTakers()
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


class QuietRootSpan(trace.NonRecordingSpan):
    """Records nothing, begins a trace, and gets its ids when somebody asks for them, a log line for example."""

    def __init__(self) -> None:
        super().__init__(trace.INVALID_SPAN_CONTEXT)

    def get_span_context(self) -> trace.SpanContext:
        if self._context is trace.INVALID_SPAN_CONTEXT:
            self._context = trace.SpanContext(getrandbits(128) or 1, getrandbits(64) or 1, is_remote=False)
        return self._context


class QuietTracer(trace.Tracer):
    """Goes the short way while nobody takes spans: ids in a span that records nothing, the trace of its parent."""

    def __init__(self, tracer: trace.Tracer, sampler: WhenExported) -> None:
        self._tracer = tracer
        self._sampler = sampler

    def start_span(self, name: str, context: Context | None = None, *args: Any, **kwargs: Any) -> trace.Span:
        if self._sampler.exporters:
            return self._tracer.start_span(name, context, *args, **kwargs)
        parent = trace.get_current_span(context).get_span_context()
        if not parent.is_valid:
            return QuietRootSpan()
        return trace.NonRecordingSpan(trace.SpanContext(parent.trace_id, getrandbits(64) or 1, is_remote=False))

    @contextmanager
    def start_as_current_span(  # type: ignore[override]  # the name of their own type is private
        self, name: str, context: Context | None = None, *args: Any, **kwargs: Any
    ) -> Iterator[trace.Span]:
        if self._sampler.exporters:
            with self._tracer.start_as_current_span(name, context, *args, **kwargs) as span:
                yield span
            return
        span = self.start_span(name, context)
        token = telemetry.attach(trace.set_span_in_context(span))
        try:
            yield span
        finally:
            telemetry.detach(token)


class QuietTracerProvider(TracerProvider):
    """Gives out quiet tracers.

    It stops when told to and not by itself at the end of the process, where it could hang.
    """

    def __init__(self, resource: Resource, sampler: WhenExported) -> None:
        super().__init__(sampler=sampler, resource=resource, shutdown_on_exit=False)
        self._when_exported = sampler

    def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:
        return QuietTracer(super().get_tracer(*args, **kwargs), self._when_exported)


def tracer_provider(resource: Resource, sampler: WhenExported) -> TracerProvider:
    """Make a provider whose spans go to the sampler's exporters."""
    provider = QuietTracerProvider(resource, sampler)
    provider.add_span_processor(sampler.exporters)
    return provider


def install(provider: TracerProvider) -> None:
    """Make it the process' provider; OpenTelemetry keeps the first one it is given."""
    trace.set_tracer_provider(provider)
