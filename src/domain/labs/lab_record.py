"""LabRecord: what is known of one lab on one worker."""

from collections.abc import Callable
from datetime import datetime
from operator import attrgetter
from typing import Any

from domain.kernel.aggregate import Aggregate, RememberedState, reduces
from domain.kernel.field_change import FieldChange
from domain.labs.errors import LabAlreadyRemovedError, LabNotRemovedError
from domain.labs.events import (
    LabRecordCreatedDomainEvent,
    LabRecordRemovedDomainEvent,
    LabRecordRestoredDomainEvent,
    LabRecordUpdatedDomainEvent,
    LabStateChangedDomainEvent,
)
from domain.labs.values import COMPARED_FIELDS, DEFAULT_MAX_HISTORY_SIZE, LabSnapshot, RemovalReason, lab_record_id

_compared: Callable[[Any], tuple[object, ...]] = attrgetter(*COMPARED_FIELDS)


class LabRecordState(RememberedState):
    """The remembered lab. ``owner`` is the owner's full name; ``groups`` are names.

    Owners' names and the controller's times are None where it does not give them; ``removed_at`` is None unless
    ``removed``. Times are aware UTC.
    """

    worker_id: str
    lab_id: str
    title: str
    description: str
    notes: str
    state: str
    owner_id: str
    owner_username: str | None
    owner: str | None
    node_count: int
    link_count: int
    groups: tuple[str, ...]
    cml_created_at: datetime | None
    cml_modified_at: datetime | None
    first_seen_at: datetime
    max_history_size: int
    removed: bool
    removed_at: datetime | None

    def compared(self) -> tuple[object, ...]:
        """Return the values to hold against :meth:`LabSnapshot.compared`."""
        return _compared(self)

    @reduces(LabRecordCreatedDomainEvent)
    def _created(self, event: LabRecordCreatedDomainEvent) -> None:
        self.worker_id = event.worker_id
        self.lab_id = event.lab_id
        self.title = event.title
        self.description = event.description
        self.notes = event.notes
        self.state = event.state
        self.owner_id = event.owner_id
        self.owner_username = event.owner_username
        self.owner = event.owner_fullname
        self.node_count = event.node_count
        self.link_count = event.link_count
        self.groups = tuple(event.groups)
        self.cml_created_at = event.cml_created_at
        self.cml_modified_at = event.cml_modified_at
        self.first_seen_at = event.created_at
        self.max_history_size = event.max_history_size
        self.removed = False
        self.removed_at = None

    @reduces(LabRecordUpdatedDomainEvent)
    def _updated(self, event: LabRecordUpdatedDomainEvent) -> None:
        for name, change in event.changed_fields.items():
            setattr(self, name, tuple(change.new) if name == "groups" else change.new)
        self.cml_modified_at = event.cml_modified_at

    @reduces(LabStateChangedDomainEvent)
    def _state_changed(self, event: LabStateChangedDomainEvent) -> None:
        self.state = event.new_state
        self.cml_modified_at = event.cml_modified_at

    @reduces(LabRecordRemovedDomainEvent)
    def _removed(self, event: LabRecordRemovedDomainEvent) -> None:
        self.removed = True
        self.removed_at = event.created_at

    @reduces(LabRecordRestoredDomainEvent)
    def _restored(self, _event: LabRecordRestoredDomainEvent) -> None:
        self.removed = False
        self.removed_at = None


class LabRecord(Aggregate[LabRecordState]):
    """One lab of one worker, unique by the pair of their ids."""

    @classmethod
    def create(
        cls, worker_id: str, snapshot: LabSnapshot, at: datetime, max_history_size: int = DEFAULT_MAX_HISTORY_SIZE
    ) -> "LabRecord":
        """Start the record of a lab that was seen for the first time."""
        record = cls()
        record.record(
            LabRecordCreatedDomainEvent(
                aggregate_id=lab_record_id(worker_id, snapshot.lab_id),
                created_at=at,
                worker_id=worker_id,
                lab_id=snapshot.lab_id,
                title=snapshot.title,
                description=snapshot.description,
                notes=snapshot.notes,
                state=snapshot.state,
                owner_id=snapshot.owner_id,
                owner_username=snapshot.owner_username,
                owner_fullname=snapshot.owner_fullname,
                node_count=snapshot.node_count,
                link_count=snapshot.link_count,
                groups=list(snapshot.groups),
                cml_created_at=snapshot.cml_created_at,
                cml_modified_at=snapshot.cml_modified_at,
                max_history_size=max_history_size,
            )
        )
        return record

    def changes_against(self, snapshot: LabSnapshot) -> dict[str, FieldChange]:
        """Return what the snapshot says differently, by field name; empty if nothing."""
        known, seen = self.state.compared(), snapshot.compared()
        if known == seen:
            return {}
        pairs = zip(COMPARED_FIELDS, known, seen, strict=True)
        return {name: FieldChange(_plain(old), _plain(new)) for name, old, new in pairs if old != new}

    def update_from_cml(self, snapshot: LabSnapshot, at: datetime) -> dict[str, FieldChange]:
        """Take over what the controller says now; record nothing when nothing changed.

        A removed lab that is seen again is restored first.

        Returns:
            The changed fields by name, the state among them; empty if nothing changed.
        """
        if self.state.removed:
            self.restore(at)
        changes = self.changes_against(snapshot)
        details = {name: change for name, change in changes.items() if name != "state"}
        if details:
            self.record(
                LabRecordUpdatedDomainEvent(
                    aggregate_id=self.state.id,
                    created_at=at,
                    worker_id=self.state.worker_id,
                    changed_fields=details,
                    cml_modified_at=snapshot.cml_modified_at,
                )
            )
        if "state" in changes:
            self.record(
                LabStateChangedDomainEvent(
                    aggregate_id=self.state.id,
                    created_at=at,
                    worker_id=self.state.worker_id,
                    previous_state=changes["state"].old,
                    new_state=changes["state"].new,
                    cml_modified_at=snapshot.cml_modified_at,
                )
            )
        return changes

    def remove(self, at: datetime, reason: RemovalReason) -> None:
        """Record that the lab is gone from its worker. Its history stays.

        Raises:
            LabAlreadyRemovedError: it is gone already.
        """
        if self.state.removed:
            raise LabAlreadyRemovedError(f"lab record {self.state.id} is already removed")
        self.record(
            LabRecordRemovedDomainEvent(
                aggregate_id=self.state.id, created_at=at, worker_id=self.state.worker_id, reason=reason
            )
        )

    def restore(self, at: datetime) -> None:
        """Record that a removed lab was seen again.

        Raises:
            LabNotRemovedError: it was not removed.
        """
        if not self.state.removed:
            raise LabNotRemovedError(f"lab record {self.state.id} is not removed")
        self.record(
            LabRecordRestoredDomainEvent(aggregate_id=self.state.id, created_at=at, worker_id=self.state.worker_id)
        )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
