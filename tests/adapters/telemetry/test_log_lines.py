"""Log lines: one shape for all loggers, and no secret in any of them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext

from application.kernel.request_context import RequestContext, acting_as
from integration.telemetry.logging import LEVELS, LogFormat, configure_logging
from integration.telemetry.redaction import redacted_text
from tests.support.log_lines import write_plain_tracebacks

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJlLW9mLWl0"


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    stream, root = io.StringIO(), logging.getLogger()
    before = {logger: logger.level for logger in (root, *map(logging.getLogger, LEVELS))}
    configure_logging("json", stream=stream)
    yield stream
    logging.captureWarnings(False)
    for logger, level in before.items():
        logger.setLevel(level)
    for handler in [known for known in root.handlers if getattr(known, "labkeeper", False)]:
        root.removeHandler(handler)
    write_plain_tracebacks()


def lines(output: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


@pytest.mark.parametrize("name", ["uvicorn.error", "uvicorn.access", "apscheduler.executors.default", "any.other"])
def test_lines_of_every_library_have_time_level_and_logger(output: io.StringIO, name: str) -> None:
    logging.getLogger(name).error("port %d", 8080, extra={"shelf": 3})
    [line] = lines(output)
    assert line.pop("time").endswith("+00:00")
    assert line == {"event": "port 8080", "level": "error", "logger": name, "shelf": 3}


def test_a_line_carries_its_trace_and_its_request(output: io.StringIO) -> None:
    span = NonRecordingSpan(SpanContext(trace_id=255, span_id=15, is_remote=False))
    with acting_as(RequestContext(correlation_id="c-1")), trace.use_span(span):
        structlog.get_logger("ours").info("refreshed", worker="w1")
    [line] = lines(output)
    assert (line["trace_id"], line["span_id"]) == ("ff".zfill(32), "f".zfill(16))
    assert (line["correlation_id"], line["worker"], line["level"]) == ("c-1", "w1", "info")


def test_outside_of_any_request_a_line_has_no_correlation(output: io.StringIO) -> None:
    structlog.get_logger("ours").info("started")
    assert set(lines(output)[0]) == {"event", "time", "level", "logger"}


def test_the_mediator_of_neuroglia_is_silent_below_a_warning(output: io.StringIO) -> None:
    logging.getLogger("neuroglia.mediation.mediator").info("MEDIATOR DEBUG")
    logging.getLogger("neuroglia.mediation.mediator").warning("careful")
    assert [line["event"] for line in lines(output)] == ["careful"]


def test_no_secret_gets_into_the_log(output: io.StringIO) -> None:
    log = structlog.get_logger("ours")
    log.info("put", password="hunter2", nested={"list": [{"api_key": "hunter2"}]}, client_secret="hunter2")
    log.info("sent", headers={"Authorization": "Bearer hunter2hunter2", "X": "Basic aHVudGVyMjpodW50ZXIy"})
    log.info("answered %s", JWT, url="http://bob:hunter2@lab.example/api", body=b'{"password": "hunter2"}')
    log.warning("connect mongodb://bob:p@hunter2@db:27017/x?authSource=admin&token=hunter2")
    logging.getLogger("uvicorn.access").info('%s - "GET /events?access_token=%s"', "127.0.0.1", JWT)
    logging.getLogger("some").info({"password": "hunter2"})
    try:
        raise ValueError(f"login failed: {{'username': 'bob', 'password': 'hunter2'}} {JWT}")
    except ValueError:
        log.exception("login failed")
        logging.getLogger("other").exception("login failed with password=hunter2")
    text = output.getvalue()
    assert len(lines(output)) == 8
    assert "hunter2" not in text
    assert "aHVudGVy" not in text
    assert JWT.split(".")[1] not in text
    assert "Traceback" in lines(output)[6]["exception"]
    assert "ValueError" in lines(output)[7]["exception"]


def test_text_lines_are_redacted_as_well(output: io.StringIO) -> None:
    stream = io.StringIO()
    configure_logging("text", stream=stream)
    try:
        raise ValueError("token: hunter2")
    except ValueError:
        structlog.get_logger("ours").exception("no", password="hunter2", worker="w1")
    assert "worker" in stream.getvalue()
    assert "Traceback" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()
    assert output.getvalue() == ""


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_a_message_of_uvicorn_is_told_once(output: io.StringIO, log_format: LogFormat) -> None:
    configure_logging(log_format, stream=output)
    message = "Started server process [%d]"
    logging.getLogger("uvicorn.error").info(message, 7, extra={"color_message": "Started \x1b[36m%d\x1b[0m"})
    assert output.getvalue().count("Started") == 1
    assert "color_message" not in output.getvalue()


def test_what_is_no_secret_stays_readable() -> None:
    for text in (
        "GET http://127.0.0.1:8080/api/v1/labs?limit=5",
        "lab 'eyJ' moved at 12:30:45 to bob@example.org",
        "3 labs created: a, b, c",
        "mongodb://127.0.0.1:27017/?replicaSet=rs0",
    ):
        assert redacted_text(text) == text
