"""What happens around every command and query: measured, surprises logged, expected errors turned into refusals."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from neuroglia.data.exceptions import OptimisticConcurrencyException
from neuroglia.dependency_injection.service_provider import ServiceCollection
from neuroglia.mediation.mediator import Command
from neuroglia.mediation.pipeline_behavior import PipelineBehavior
from opentelemetry import metrics, trace
from opentelemetry.trace import Status, StatusCode

from application.kernel.refusals import (
    RefusalError,
    conflicting,
    login_needed,
    precondition_failed,
    refusal_of,
    unavailable,
)
from domain.kernel.errors import DomainError, NoUpstreamTokenError, UnavailableError

Next = Callable[[], Awaitable[Any]]

log = logging.getLogger("labkeeper.requests")
_tracer = trace.get_tracer("labkeeper")
_meter = metrics.get_meter("labkeeper")
_requests = _meter.create_counter("labkeeper.requests", "{request}", "commands and queries by name and outcome")
_duration = _meter.create_histogram("labkeeper.requests.duration", "s", "time that commands and queries took")


class Surprises:
    """Logs an unexpected error once, however many edges it passes on its way."""

    _MARK = "_labkeeper_logged"

    @classmethod
    def log_once(cls, logger: logging.Logger, message: str, error: BaseException) -> None:
        """Log with the traceback unless this very error was logged before."""
        if not getattr(error, cls._MARK, False):
            setattr(error, cls._MARK, True)
            logger.error(message, exc_info=error)


class MeasuringBehavior(PipelineBehavior[Any, Any]):
    """A span per command and query, named after its class, and two metrics."""

    async def handle_async(self, request: Any, next_handler: Next) -> Any:
        name = type(request).__name__
        kind = "command" if isinstance(request, Command) else "query"
        started = time.perf_counter()
        outcome = "error"
        with _tracer.start_as_current_span(
            name, attributes={"labkeeper.kind": kind}, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                result = await next_handler()
                outcome = str(getattr(result, "status", "ok"))
            except RefusalError as error:
                outcome = str(error.refusal.status)
                raise
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise
            finally:
                attributes = {"request": name, "kind": kind, "outcome": outcome}
                span.set_attribute("labkeeper.outcome", outcome)
                _requests.add(1, attributes)
                _duration.record(time.perf_counter() - started, attributes)
        return result


class SurpriseLoggingBehavior(PipelineBehavior[Any, Any]):
    """Logs what nobody expected, with its traceback, and lets it rise. A refusal is no surprise."""

    async def handle_async(self, request: Any, next_handler: Next) -> Any:
        try:
            return await next_handler()
        except RefusalError as error:
            log.info("%s is refused: %s", type(request).__name__, error.refusal.detail)
            raise
        except Exception as error:
            Surprises.log_once(log, f"{type(request).__name__} failed", error)
            raise


class RefusingBehavior(PipelineBehavior[Any, Any]):
    """Turns expected errors that a handler let rise into refusals."""

    async def handle_async(self, request: Any, next_handler: Next) -> Any:
        try:
            return await next_handler()
        except UnavailableError as error:
            log.warning("%s is refused for now: %s", type(request).__name__, error)
            return unavailable(str(error), error.retry_after_seconds)
        except NoUpstreamTokenError as error:
            log.info("%s needs a login at the system of record: %s", type(request).__name__, error)
            return login_needed()
        except OptimisticConcurrencyException as error:
            log.info("%s lost a race on %s", type(request).__name__, error.entity_id)
            if getattr(request, "expected_version", None) is not None:
                # Whoever named a version and comes a moment later is told so, too.
                return precondition_failed(f"{error.entity_id} was changed by somebody else meanwhile")
            return conflicting(f"{error.entity_id} was changed by somebody else meanwhile; read it again and repeat")
        except DomainError as error:
            log.info("%s is refused: %s", type(request).__name__, error)
            return refusal_of(error)


def register_behaviours(services: ServiceCollection) -> None:
    """Register the behaviours, outermost first."""
    for behaviour in (MeasuringBehavior, SurpriseLoggingBehavior, RefusingBehavior):
        services.add_singleton(PipelineBehavior, behaviour)
