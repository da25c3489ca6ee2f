"""Values of the labs language."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from domain.kernel.field_change import FieldChange

WorkerId = NewType("WorkerId", str)
LabId = NewType("LabId", str)
"""A lab's id on its own controller; unique only together with the worker."""
LabRecordId = NewType("LabRecordId", str)

DEFAULT_MAX_HISTORY_SIZE = 50


def lab_record_id(worker_id: str, lab_id: str) -> LabRecordId:
    """Return the record id of a worker's lab: ``<worker id>.<lab id>``.

    The natural key is the identity, so a lab can never have two records on one worker, and all
    records of a worker share a prefix by which the store finds them.
    """
    return LabRecordId(f"{worker_id}.{lab_id}")


class Reachability(StrEnum):
    """What the last attempt to talk to a worker's controller showed."""

    UNKNOWN = "unknown"
    REACHABLE = "reachable"
    UNAUTHORISED = "unauthorised"
    NOT_READY = "not_ready"
    UNREACHABLE = "unreachable"


class RemovalReason(StrEnum):
    """Why a lab record was removed."""

    MISSING_FROM_LISTING = "missing_from_listing"
    WORKER_DECOMMISSIONED = "worker_decommissioned"


@dataclass(frozen=True, slots=True)
class LabOperation:
    """One change of a lab, as kept in the ring of its last operations.

    ``previous_state`` and ``new_state`` are equal when the change left the state alone.
    """

    timestamp: datetime
    previous_state: str
    new_state: str
    changed_fields: dict[str, FieldChange]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabSnapshot:
    """A lab as its controller describes it at one moment.

    Attributes:
        lab_id: the controller's id of the lab.
        title, description, notes: free text; description and notes may be empty.
        state: ``DEFINED_ON_CORE``, ``STOPPED``, ``STARTED`` or whatever else a controller says.
        owner_id: uuid of the owner, empty if not told.
        owner_username, owner_fullname: None if not told.
        node_count, link_count: 0 if not told.
        groups: names, sorted.
        cml_created_at, cml_modified_at: aware UTC, None if not told.
    """

    lab_id: LabId
    title: str
    description: str = ""
    notes: str = ""
    state: str
    owner_id: str = ""
    owner_username: str | None = None
    owner_fullname: str | None = None
    node_count: int = 0
    link_count: int = 0
    groups: tuple[str, ...] = ()
    cml_created_at: datetime | None = None
    cml_modified_at: datetime | None = None

    def compared(self) -> tuple[object, ...]:
        """Return the values whose difference is a change, in the order of :data:`COMPARED_FIELDS`."""
        return (
            self.title,
            self.description,
            self.notes,
            self.state,
            self.owner_id,
            self.owner_username,
            self.owner_fullname,
            self.node_count,
            self.link_count,
            self.groups,
        )


COMPARED_FIELDS = (
    "title",
    "description",
    "notes",
    "state",
    "owner_id",
    "owner_username",
    "owner",
    "node_count",
    "link_count",
    "groups",
)
"""Names under which changes of the compared values are reported; ``owner`` is the full name."""
