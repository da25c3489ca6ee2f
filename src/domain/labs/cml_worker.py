"""CmlWorker: a Cisco Modeling Labs controller whose labs are kept track of."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from domain.kernel.aggregate import Aggregate, RememberedState, reduces
from domain.labs.errors import InvalidWorkerError, WorkerDecommissionedError
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
from domain.labs.values import FieldChange, Reachability

HISTORY_SIZE_LIMIT = 1000


@dataclass(frozen=True, kw_only=True)
class WorkerDetails:
    """What an administrator says about a worker."""

    name: str
    region: str
    endpoint_url: str
    verify_tls: bool
    active: bool
    max_history_size: int

    def __post_init__(self) -> None:
        if not 1 <= len(self.name.strip()) <= 128:
            raise InvalidWorkerError("name", "must have 1 to 128 characters")
        if not 1 <= len(self.region.strip()) <= 64:
            raise InvalidWorkerError("region", "must have 1 to 64 characters")
        if not 1 <= self.max_history_size <= HISTORY_SIZE_LIMIT:
            raise InvalidWorkerError("max_history_size", f"must lie between 1 and {HISTORY_SIZE_LIMIT}")
        _check_endpoint(self.endpoint_url)


def _check_endpoint(url: str) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidWorkerError("endpoint_url", "must be a URL") from None
    if parts.scheme not in ("http", "https"):
        raise InvalidWorkerError("endpoint_url", "must start with http:// or https://")
    if not parts.hostname or port == 0:
        raise InvalidWorkerError("endpoint_url", "must name a host and, if any, a port from 1 to 65535")
    if parts.username is not None or parts.password is not None:
        raise InvalidWorkerError("endpoint_url", "must not carry credentials")
    if parts.query or parts.fragment:
        raise InvalidWorkerError("endpoint_url", "must not carry a query or a fragment")


class CmlWorkerState(RememberedState):
    """The remembered worker. Credentials are not part of it."""

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


class CmlWorker(Aggregate[CmlWorkerState]):
    """A controller, from its registration to its decommissioning."""

    @classmethod
    def register(cls, worker_id: str, details: WorkerDetails, at: datetime) -> "CmlWorker":
        """Start to keep track of a controller."""
        worker = cls()
        worker.record(
            CmlWorkerRegisteredDomainEvent(
                aggregate_id=worker_id,
                created_at=at,
                name=details.name,
                region=details.region,
                endpoint_url=details.endpoint_url,
                verify_tls=details.verify_tls,
                active=details.active,
                max_history_size=details.max_history_size,
            )
        )
        return worker

    def change_details(self, details: WorkerDetails, at: datetime) -> dict[str, FieldChange]:
        """Change what an administrator may change; record nothing when nothing differs.

        Returns:
            The changed fields by name.

        Raises:
            WorkerDecommissionedError: the worker is decommissioned.
            InvalidWorkerError: the region differs; a worker stays where it is.
        """
        self._refuse_if_decommissioned()
        before = self.state.details()
        if details.region != before.region:
            raise InvalidWorkerError("region", "of a registered worker cannot change")
        changes = {
            name: FieldChange(old, getattr(details, name))
            for name, old in vars(before).items()
            if old != getattr(details, name)
        }
        if changes:
            self.record(
                CmlWorkerDetailsChangedDomainEvent(aggregate_id=self.state.id, created_at=at, changed_fields=changes)
            )
        return changes

    def note_credentials_replaced(self, at: datetime) -> None:
        """Record that the credential store now holds other credentials for this worker."""
        self._refuse_if_decommissioned()
        self.record(CmlWorkerCredentialsReplacedDomainEvent(aggregate_id=self.state.id, created_at=at))

    def note_reachability(self, current: Reachability, reason: str, at: datetime) -> bool:
        """Record how the controller answered, once per change.

        Returns:
            Whether that is a change.
        """
        if self.state.decommissioned or current == self.state.reachability:
            return False
        self.record(
            CmlWorkerReachabilityChangedDomainEvent(
                aggregate_id=self.state.id,
                created_at=at,
                previous=self.state.reachability,
                current=current,
                reason=reason,
            )
        )
        return True

    def hold_listing(self, missing_lab_ids: Collection[str], known_labs: int, at: datetime) -> None:
        """Record that a listing dropped too much to be believed at once."""
        self.record(
            CmlWorkerListingHeldDomainEvent(
                aggregate_id=self.state.id,
                created_at=at,
                missing_lab_ids=sorted(missing_lab_ids),
                known_labs=known_labs,
            )
        )

    def settle_held_listing(self, *, applied: bool, at: datetime) -> None:
        """Record that a held listing was confirmed or contradicted; nothing when none is held."""
        if self.state.held_lab_ids:
            self.record(
                CmlWorkerHeldListingSettledDomainEvent(aggregate_id=self.state.id, created_at=at, applied=applied)
            )

    def note_labs_dropped(self, removed_labs: int, known_labs: int, at: datetime) -> None:
        """Record that half or more of the labs went in one cycle."""
        self.record(
            CmlWorkerLabsDroppedDomainEvent(
                aggregate_id=self.state.id, created_at=at, removed_labs=removed_labs, known_labs=known_labs
            )
        )

    def decommission(self, at: datetime) -> None:
        """Stop keeping track of the controller.

        Raises:
            WorkerDecommissionedError: that was done before.
        """
        self._refuse_if_decommissioned()
        self.record(CmlWorkerDecommissionedDomainEvent(aggregate_id=self.state.id, created_at=at))

    def _refuse_if_decommissioned(self) -> None:
        if self.state.decommissioned:
            raise WorkerDecommissionedError(f"worker {self.state.id} is decommissioned")
