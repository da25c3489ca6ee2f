"""Metrics for Prometheus, spans without secrets, and an end that no dead collector holds up."""

import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

from opentelemetry import metrics, trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from integration.telemetry.telemetry import Telemetry

SRC = Path(__file__).parents[3] / "src"


def run_python(program: str, *arguments: str) -> str:
    """Run a program in a process of its own; OpenTelemetry has one provider per process."""
    environment = {**os.environ, "PYTHONPATH": str(SRC)}
    command = [sys.executable, "-c", textwrap.dedent(program), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120).stdout


def test_instruments_made_before_the_start_show_up_in_every_applications_metrics() -> None:
    counter = metrics.get_meter("labkeeper").create_counter("labkeeper.test.things", description="Things")
    first, second = Telemetry("1.2.3"), Telemetry("1.2.3")
    assert first.render_prometheus() == b""
    first.start()
    first.start()
    second.start()
    counter.add(3, {"kind": "good"})
    first.shutdown()
    counter.add(2, {"kind": "good"})
    for telemetry in (first, second):
        text = telemetry.render_prometheus().decode()
        assert 'labkeeper_test_things_total{kind="good"} 5.0' in text
        assert 'service_name="labkeeper"' in text
        assert 'service_version="' in text  # of whoever started first in this process


def test_spans_leave_without_secrets() -> None:
    telemetry, exporter = Telemetry("1"), InMemorySpanExporter()
    telemetry.start()
    telemetry.export_spans_to(exporter)
    try:
        with trace.get_tracer("labkeeper").start_as_current_span("GET http://u:hunter2@h/") as span:
            span.set_attribute("http.password", "hunter2")
            span.set_attribute("url", "http://bob:hunter2@lab/")
            span.set_attribute("labs", 3)
            span.add_event("login", {"body": '{"password": "hunter2"}'})
            raise ValueError("token=hunter2")
    except ValueError:
        pass
    finally:
        telemetry.shutdown()
    with trace.get_tracer("labkeeper").start_as_current_span("after the end") as span:
        assert not span.is_recording(), "nobody takes it"
    [finished] = exporter.get_finished_spans()
    assert "hunter2" not in finished.to_json()
    assert finished.attributes is not None
    assert finished.attributes["labs"] == 3
    assert [event.name for event in finished.events] == ["login", "exception"]


def test_without_a_collector_there_is_no_exporter_thread_and_spans_only_have_ids() -> None:
    shown = run_python("""
        import threading
        from opentelemetry import trace
        from integration.telemetry.telemetry import Telemetry
        telemetry = Telemetry("1")
        telemetry.start()
        with trace.get_tracer("labkeeper").start_as_current_span("x") as span:
            print(span.is_recording(), span.get_span_context().is_valid)
        print(threading.active_count())
        telemetry.shutdown()
    """)
    assert shown.split() == ["False", "True", "1"]


def test_a_collector_that_never_answers_hardly_holds_up_the_end() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        shown = run_python(
            """
            import sys, time
            from opentelemetry import metrics, trace
            from integration.telemetry.telemetry import Telemetry
            telemetry = Telemetry("1", sys.argv[1])
            telemetry.start()
            metrics.get_meter("labkeeper").create_counter("x").add(1)
            with trace.get_tracer("labkeeper").start_as_current_span("x") as span:
                print(span.is_recording())
            began = time.monotonic()
            telemetry.shutdown()
            print(time.monotonic() - began)
            """,
            f"http://127.0.0.1:{silent.getsockname()[1]}",
        )
    recording, seconds = shown.split()
    assert recording == "True"
    assert float(seconds) < 20
