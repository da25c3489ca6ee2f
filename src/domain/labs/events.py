"""The facts of the labs context. Stored names never change; a new shape is a new version with an upcaster."""

from dataclasses import field
from datetime import datetime

from domain.kernel.domain_event import RecordedDomainEvent, domain_event
from domain.kernel.field_change import FieldChange
from domain.labs.values import DEFAULT_MAX_HISTORY_SIZE, Reachability, RemovalReason


@domain_event("labs.cml-worker-registered.v1")
class CmlWorkerRegisteredDomainEvent(RecordedDomainEvent):
    name: str
    region: str
    endpoint_url: str
    verify_tls: bool
    active: bool
    max_history_size: int


@domain_event("labs.cml-worker-details-changed.v1")
class CmlWorkerDetailsChangedDomainEvent(RecordedDomainEvent):
    changed_fields: dict[str, FieldChange]


@domain_event("labs.cml-worker-credentials-replaced.v1")
class CmlWorkerCredentialsReplacedDomainEvent(RecordedDomainEvent):
    """Says that credentials were replaced; what they are stays in the credential store."""


@domain_event("labs.cml-worker-reachability-changed.v1")
class CmlWorkerReachabilityChangedDomainEvent(RecordedDomainEvent):
    previous: Reachability
    current: Reachability
    reason: str


@domain_event("labs.cml-worker-listing-held.v1")
class CmlWorkerListingHeldDomainEvent(RecordedDomainEvent):
    """A listing dropped so many labs that it is believed only when the next one says the same."""

    missing_lab_ids: list[str]
    known_labs: int


@domain_event("labs.cml-worker-held-listing-settled.v1")
class CmlWorkerHeldListingSettledDomainEvent(RecordedDomainEvent):
    """The next listing either confirmed the held one (``applied``) or showed the labs again."""

    applied: bool


@domain_event("labs.cml-worker-labs-dropped.v1")
class CmlWorkerLabsDroppedDomainEvent(RecordedDomainEvent):
    """Half or more of a worker's labs were removed in one cycle."""

    removed_labs: int
    known_labs: int


@domain_event("labs.cml-worker-decommissioned.v1")
class CmlWorkerDecommissionedDomainEvent(RecordedDomainEvent):
    pass


@domain_event("labs.lab-record-created.v1")
class LabRecordCreatedDomainEvent(RecordedDomainEvent):
    worker_id: str
    lab_id: str
    title: str
    description: str
    notes: str
    state: str
    owner_id: str
    owner_username: str | None
    owner_fullname: str | None
    node_count: int
    link_count: int
    groups: list[str]
    cml_created_at: datetime | None
    cml_modified_at: datetime | None
    max_history_size: int = DEFAULT_MAX_HISTORY_SIZE


@domain_event("labs.lab-record-updated.v1")
class LabRecordUpdatedDomainEvent(RecordedDomainEvent):
    """Details other than the state changed; ``changed_fields`` maps a name to old and new."""

    worker_id: str
    changed_fields: dict[str, FieldChange]
    cml_modified_at: datetime | None = None


@domain_event("labs.lab-state-changed.v1")
class LabStateChangedDomainEvent(RecordedDomainEvent):
    worker_id: str
    previous_state: str
    new_state: str
    cml_modified_at: datetime | None = None


@domain_event("labs.lab-record-removed.v1")
class LabRecordRemovedDomainEvent(RecordedDomainEvent):
    worker_id: str
    reason: RemovalReason


@domain_event("labs.lab-record-restored.v1")
class LabRecordRestoredDomainEvent(RecordedDomainEvent):
    """A removed lab was seen again."""

    worker_id: str


@domain_event("labs.lab-alert-raised.v1")
class LabAlertRaisedDomainEvent(RecordedDomainEvent):
    """Something happened that nobody should have to find out by looking.

    ``kind`` is one of ``lab-reset`` (STARTED to DEFINED_ON_CORE), ``worker-unreachable``, ``worker-labs-dropped``.
    """

    kind: str
    worker_id: str
    record_id: str | None
    summary: str
    cause_event_id: str
    details: dict[str, str | int] = field(default_factory=dict)


LABS_EVENTS: tuple[type[RecordedDomainEvent], ...] = (
    CmlWorkerRegisteredDomainEvent,
    CmlWorkerDetailsChangedDomainEvent,
    CmlWorkerCredentialsReplacedDomainEvent,
    CmlWorkerReachabilityChangedDomainEvent,
    CmlWorkerListingHeldDomainEvent,
    CmlWorkerHeldListingSettledDomainEvent,
    CmlWorkerLabsDroppedDomainEvent,
    CmlWorkerDecommissionedDomainEvent,
    LabRecordCreatedDomainEvent,
    LabRecordUpdatedDomainEvent,
    LabStateChangedDomainEvent,
    LabRecordRemovedDomainEvent,
    LabRecordRestoredDomainEvent,
    LabAlertRaisedDomainEvent,
)
"""Every event that may stand in the labs log."""
