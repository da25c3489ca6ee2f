"""What a worker remembers of its events. Credentials are not part of it."""

from datetime import datetime

from domain.kernel.aggregate import RememberedState, reduces
from domain.labs.events import (
    CmlWorkerCredentialsReplacedDomainEvent,
    CmlWorkerDecommissionedDomainEvent,
    CmlWorkerDetailsChangedDomainEvent,
    CmlWorkerHeldListingSettledDomainEvent,
    CmlWorkerLabsDroppedDomainEvent,
    CmlWorkerListingHeldDomainEvent,
    CmlWorkerReachabilityChangedDomainEvent,
    CmlWorkerRegisteredDomainEvent,
)
from domain.labs.values import Reachability
from domain.labs.worker_details import WorkerDetails


class CmlWorkerState(RememberedState):
    """The remembered worker."""

    name: str
    region: str
    endpoint_url: str
    verify_tls: bool
    active: bool
    max_history_size: int
    reachability: Reachability
    reachability_reason: str
    reachability_changed_at: datetime | None
    held_lab_ids: frozenset[str]
    decommissioned: bool

    def details(self) -> WorkerDetails:
        """Return the part that an administrator may change."""
        return WorkerDetails(
            name=self.name,
            region=self.region,
            endpoint_url=self.endpoint_url,
            verify_tls=self.verify_tls,
            active=self.active,
            max_history_size=self.max_history_size,
        )

    @reduces(CmlWorkerRegisteredDomainEvent)
    def _registered(self, event: CmlWorkerRegisteredDomainEvent) -> None:
        self.name = event.name
        self.region = event.region
        self.endpoint_url = event.endpoint_url
        self.verify_tls = event.verify_tls
        self.active = event.active
        self.max_history_size = event.max_history_size
        self.reachability = Reachability.UNKNOWN
        self.reachability_reason = ""
        self.reachability_changed_at = None
        self.held_lab_ids = frozenset()
        self.decommissioned = False

    @reduces(CmlWorkerDetailsChangedDomainEvent)
    def _details_changed(self, event: CmlWorkerDetailsChangedDomainEvent) -> None:
        for name, change in event.changed_fields.items():
            setattr(self, name, change.new)

    @reduces(CmlWorkerCredentialsReplacedDomainEvent)
    def _credentials_replaced(self, _event: CmlWorkerCredentialsReplacedDomainEvent) -> None:
        pass

    @reduces(CmlWorkerReachabilityChangedDomainEvent)
    def _reachability_changed(self, event: CmlWorkerReachabilityChangedDomainEvent) -> None:
        self.reachability = Reachability(event.current)
        self.reachability_reason = event.reason
        self.reachability_changed_at = event.created_at

    @reduces(CmlWorkerListingHeldDomainEvent)
    def _listing_held(self, event: CmlWorkerListingHeldDomainEvent) -> None:
        self.held_lab_ids = frozenset(event.missing_lab_ids)

    @reduces(CmlWorkerHeldListingSettledDomainEvent)
    def _held_listing_settled(self, _event: CmlWorkerHeldListingSettledDomainEvent) -> None:
        self.held_lab_ids = frozenset()

    @reduces(CmlWorkerLabsDroppedDomainEvent)
    def _labs_dropped(self, _event: CmlWorkerLabsDroppedDomainEvent) -> None:
        pass

    @reduces(CmlWorkerDecommissionedDomainEvent)
    def _decommissioned(self, _event: CmlWorkerDecommissionedDomainEvent) -> None:
        self.decommissioned = True
        self.active = False
