"""Handing one fact to one subscriber: in its own context, with retries, then parking."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterable

import structlog
from opentelemetry import context as telemetry
from opentelemetry import metrics, trace
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.trace import Status, StatusCode

from application.kernel.event_feed import RecordedFact
from application.kernel.request_context import RequestContext, acting_as
from application.kernel.subscriptions import Subscriber
from domain.kernel.errors import UnavailableError

log = structlog.get_logger(__name__)
_tracer = trace.get_tracer("labkeeper.subscriptions")
_outcomes: Counter[tuple[str, str]] = Counter()
"""How often each subscription's handing over had which outcome. Counted here and read when somebody asks: a catch-up
hands over tens of thousands of events in a second."""


def _observed(_options: CallbackOptions) -> Iterable[Observation]:
    return [
        Observation(count, {"subscription": subscription, "outcome": outcome})
        for (subscription, outcome), count in _outcomes.copy().items()
    ]


_handled = metrics.get_meter("labkeeper").create_observable_counter(
    "labkeeper.subscription.events",
    [_observed],
    description="Events handed to subscribers, by subscription and outcome",
)

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0


class DeliveryFailedError(Exception):
    """A subscriber failed on a fact as often as it may. ``attempts`` tells how often."""

    def __init__(self, message: str, attempts: int) -> None:
        super().__init__(message)
        self.attempts = attempts


class DeliveryStoppedError(Exception):
    """The reader stops, or may no longer read: the fact is left to whoever reads next."""


async def hand_over_async(subscriber: Subscriber, fact: RecordedFact) -> None:
    """Let a subscriber act on a fact once. What it does carries the fact's id, so doing it again changes nothing."""
    name, event_id = subscriber.name, fact.event.event_id
    context = RequestContext(
        actor=f"system:{name}",
        correlation_id=fact.correlation_id or event_id,
        command_id=f"{name}:{event_id}",
        causation_id=event_id,
        repeatable=True,
    )
    # Put together by hand: start_as_current_span costs more than all the rest of handing over.
    span = _tracer.start_span(f"subscription {name}")
    if span.is_recording():
        span.set_attribute("labkeeper.event.type", fact.event.event_type)
        span.set_attribute("labkeeper.event.position", fact.position)
    token = telemetry.attach(trace.set_span_in_context(span))
    try:
        with acting_as(context):
            await subscriber.handle_async(fact)
    except Exception as error:
        span.record_exception(error)
        span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
        raise
    finally:
        telemetry.detach(token)
        span.end()


async def try_once_async(subscriber: Subscriber, fact: RecordedFact) -> str | None:
    """Let a subscriber act on a fact once; return what went wrong, None if nothing did."""
    try:
        await hand_over_async(subscriber, fact)
    except Exception as error:  # process edge: whatever a subscriber raises is the answer
        log.warning("replay_failed", subscription=subscriber.name, event_id=fact.event.event_id, exc_info=True)
        return f"{type(error).__name__}: {error}"
    return None


async def deliver_async(
    subscriber: Subscriber,
    fact: RecordedFact,
    stopped: Callable[[], bool] = lambda: False,
    spread: Callable[[], float] = random.random,
) -> None:
    """Let a subscriber act on a fact, again and again with growing pauses if it fails.

    An outage of our own store is waited out; it never counts as the subscriber's failure.

    Args:
        stopped: asked before each further try; another process may have taken over during a long pause.

    Raises:
        DeliveryFailedError: it failed ``max_attempts`` times.
        DeliveryStoppedError: ``stopped`` said so.
    """
    attempt, pause = 0, FIRST_PAUSE_SECONDS
    while True:
        try:
            await hand_over_async(subscriber, fact)
        except UnavailableError as error:
            log.warning("subscriber_waits_for_store", subscription=subscriber.name, error=str(error))
        except Exception as error:  # process edge: a subscriber's surprise must not stop the others
            attempt += 1
            _outcomes[subscriber.name, "failed"] += 1
            if attempt >= subscriber.max_attempts:
                log.exception("event_parked", subscription=subscriber.name, event_id=fact.event.event_id)
                raise DeliveryFailedError(f"{type(error).__name__}: {error}", attempt) from error
        else:
            _outcomes[subscriber.name, "handled"] += 1
            return
        await asyncio.sleep(pause * (0.5 + spread() / 2))
        if stopped():
            raise DeliveryStoppedError
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
