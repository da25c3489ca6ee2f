"""Unexpected changes become alerts: facts of their own that people and webhooks can subscribe to."""

from dataclasses import dataclass, field

from neuroglia.data.exceptions import OptimisticConcurrencyException

from application.kernel.event_feed import RecordedFact
from application.kernel.subscriptions import Subscriber
from domain.kernel.domain_event import RecordedDomainEvent
from domain.labs.events import (
    CmlWorkerLabsDroppedDomainEvent,
    CmlWorkerListingHeldDomainEvent,
    CmlWorkerReachabilityChangedDomainEvent,
    LabStateChangedDomainEvent,
)
from domain.labs.lab_alert import LabAlert
from domain.labs.repositories import LabAlertRepository
from domain.labs.values import Reachability


@dataclass(frozen=True, slots=True)
class _Finding:
    kind: str
    worker_id: str
    summary: str
    record_id: str | None = None
    details: dict[str, str | int] = field(default_factory=dict)


class WhenChangeIsUnexpectedRaiseAlert(Subscriber):
    """Raises one alert per cause; the cause's id makes the alert's, so a redelivery raises none."""

    name = "lab-alerts"
    log = "labs"
    event_types = frozenset(
        event.event_type
        for event in (
            LabStateChangedDomainEvent,
            CmlWorkerReachabilityChangedDomainEvent,
            CmlWorkerListingHeldDomainEvent,
            CmlWorkerLabsDroppedDomainEvent,
        )
    )

    def __init__(self, alerts: LabAlertRepository) -> None:
        self._alerts = alerts

    async def handle_async(self, fact: RecordedFact) -> None:
        finding = _judge(fact.event)
        if finding is None:
            return
        alert = LabAlert.raise_for(
            kind=finding.kind,
            worker_id=finding.worker_id,
            record_id=finding.record_id,
            summary=finding.summary,
            cause_event_id=fact.event.event_id,
            details=finding.details,
            at=fact.event.created_at,
        )
        try:
            await self._alerts.add_async(alert)
        except OptimisticConcurrencyException:
            return


def _judge(event: RecordedDomainEvent) -> _Finding | None:
    match event:
        case LabStateChangedDomainEvent(previous_state="STARTED", new_state="DEFINED_ON_CORE"):
            summary = "a running lab was wiped: it went from STARTED to DEFINED_ON_CORE"
            return _Finding("lab-reset", event.worker_id, summary, event.aggregate_id)
        case CmlWorkerReachabilityChangedDomainEvent(current=Reachability.UNREACHABLE):
            return _Finding("worker-unreachable", event.aggregate_id, f"the worker is unreachable: {event.reason}")
        case CmlWorkerListingHeldDomainEvent():
            gone, known = len(event.missing_lab_ids), event.known_labs
            summary = f"a listing shows {gone} of {known} labs no longer; it is held until the next one says the same"
            return _Finding("worker-labs-dropped", event.aggregate_id, summary, None, {"gone": gone, "known": known})
        case CmlWorkerLabsDroppedDomainEvent():
            gone, known = event.removed_labs, event.known_labs
            summary = f"{gone} of {known} labs of the worker are gone"
            return _Finding("worker-labs-dropped", event.aggregate_id, summary, None, {"gone": gone, "known": known})
        case _:
            return None
