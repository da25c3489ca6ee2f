"""One way for all log lines, whether they come from structlog, uvicorn, APScheduler or any other library."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

import structlog
from opentelemetry import trace
from structlog.types import EventDict, Processor, WrappedLogger

from application.kernel.request_context import current_request
from integration.telemetry.redaction import redacted_mapping

LogFormat = Literal["json", "text"]

LEVELS = {
    # Writes a line per call and handler; wrong ones are raised as errors anyway.
    "neuroglia": logging.WARNING,
    # A line per upstream request; the client counts and traces them.
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "pymongo": logging.WARNING,
    # A line per tick, and a warning whenever a run takes longer than its interval; both are metrics.
    "apscheduler": logging.ERROR,
}


def configure_logging(log_format: LogFormat = "json", level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every log line of the process through one formatter to ``stream``, standard error by default.

    May be called again; the last call wins. uvicorn has to be started with ``log_config=None``.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(log_format))
    root = logging.getLogger()
    for earlier in [known for known in root.handlers if getattr(known, "labkeeper", False)]:
        root.removeHandler(earlier)
    handler.labkeeper = True  # type: ignore[attr-defined]  # marks it as ours for the next call
    root.addHandler(handler)
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "apscheduler"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.disabled = False
        logger.setLevel(logging.NOTSET)
    for name, least in LEVELS.items():
        logging.getLogger(name).setLevel(max(least, root.level))
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _formatter(log_format: LogFormat) -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder()],
        processors=[
            origin,
            connection,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            redact,
            _renderer(log_format),
        ],
    )


def _renderer(log_format: LogFormat) -> Processor:
    if log_format == "json":
        return structlog.processors.JSONRenderer(default=str)
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), timestamp_key="time", exception_formatter=structlog.dev.plain_traceback
    )


def origin(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Add when, how severe and from which logger."""
    record: logging.LogRecord = line["_record"]
    line["time"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    line["level"] = record.levelname.lower()
    line["logger"] = record.name
    if not line["_from_structlog"]:
        # Left on the record by another handler's formatter; the last is uvicorn's message again, with escape codes.
        for left in ("message", "asctime", "color_message"):
            line.pop(left, None)
    return line


def connection(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Add the trace, the span and the request that a line belongs to, where there is one."""
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        line["trace_id"] = trace.format_trace_id(span.trace_id)
        line["span_id"] = trace.format_span_id(span.span_id)
    request = current_request()
    # Outside of any request each call makes up a new one, which would connect nothing.
    if request is current_request():
        line["correlation_id"] = request.correlation_id
    return line


def redact(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Take secrets out of a line; the last step before it is written."""
    cleaned: dict[str, Any] = redacted_mapping(line)
    return cleaned
