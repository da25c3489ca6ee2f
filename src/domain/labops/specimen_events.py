"""The facts of a specimen's life. Each says all that is known afterwards, so a reader needs no earlier one."""

from dataclasses import dataclass
from datetime import datetime

from domain.kernel.domain_event import RecordedDomainEvent, domain_event


@dataclass(kw_only=True)
class SpecimenDomainEvent(RecordedDomainEvent):
    """A fact about one specimen; ``aggregate_id`` is its specimen id.

    Attributes:
        assay, machine_id, operator_id, received_at: as known after this fact.
        started_at, processed_at, error_code: None while not known.
    """

    assay: str
    machine_id: str
    operator_id: str
    received_at: datetime
    started_at: datetime | None = None
    processed_at: datetime | None = None
    error_code: str | None = None


@domain_event("labops.specimen-received.v1")
class SpecimenReceivedDomainEvent(SpecimenDomainEvent):
    """It arrived in the laboratory."""


@domain_event("labops.specimen-started.v1")
class SpecimenStartedDomainEvent(SpecimenDomainEvent):
    """A machine began to work on it."""


@domain_event("labops.specimen-completed.v1")
class SpecimenCompletedDomainEvent(SpecimenDomainEvent):
    """It has a result."""


@domain_event("labops.specimen-failed.v1")
class SpecimenFailedDomainEvent(SpecimenDomainEvent):
    """The machine gave an error instead of a result."""


@domain_event("labops.specimen-result-amended.v1")
class SpecimenResultAmendedDomainEvent(SpecimenDomainEvent):
    """A later result, or error, took the place of the one before (a re-run, a correction)."""

    status: str


SPECIMEN_EVENTS: tuple[type[RecordedDomainEvent], ...] = (
    SpecimenReceivedDomainEvent,
    SpecimenStartedDomainEvent,
    SpecimenCompletedDomainEvent,
    SpecimenFailedDomainEvent,
    SpecimenResultAmendedDomainEvent,
)
