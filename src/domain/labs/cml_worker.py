"""CmlWorker: a Cisco Modeling Labs controller whose labs are kept track of."""

from collections.abc import Collection
from datetime import datetime

from domain.kernel.aggregate import Aggregate
from domain.kernel.field_change import FieldChange
from domain.labs.cml_worker_state import CmlWorkerState
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
from domain.labs.values import Reachability
from domain.labs.worker_details import WorkerDetails

__all__ = ["CmlWorker", "CmlWorkerState", "WorkerDetails"]


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
