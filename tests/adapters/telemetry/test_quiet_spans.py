"""Spans while nobody takes them: they record nothing, and log lines still find their ids."""

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource

from integration.telemetry.tracing import WhenExported, tracer_provider


def test_a_span_that_nobody_takes_keeps_the_ids_it_was_asked_for() -> None:
    tracer = tracer_provider(Resource.create({}), WhenExported()).get_tracer("toy")
    first, second = tracer.start_span("one"), tracer.start_span("another")
    ids = first.get_span_context()
    assert ids.is_valid
    assert not first.is_recording()
    assert first.get_span_context() == ids
    assert second.get_span_context().trace_id != ids.trace_id


def test_a_span_inside_another_has_its_trace() -> None:
    tracer = tracer_provider(Resource.create({}), WhenExported()).get_tracer("toy")
    with tracer.start_as_current_span("outer") as outer:
        inner = tracer.start_span("inner").get_span_context()
        assert trace.get_current_span() is outer
    assert inner.trace_id == outer.get_span_context().trace_id
    assert inner.span_id != outer.get_span_context().span_id
