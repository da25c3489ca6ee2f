"""The facts about what is promised."""

from domain.kernel.domain_event import RecordedDomainEvent, domain_event


@domain_event("labops.sla-limits-changed.v1")
class SlaLimitsChangedDomainEvent(RecordedDomainEvent):
    """Results may take this long from now on, in hours; an assay that is not named has the default."""

    default_hours: float
    by_assay: dict[str, float]


SLA_EVENTS: tuple[type[RecordedDomainEvent], ...] = (SlaLimitsChangedDomainEvent,)
