"""Tasks: something about a field worker that somebody has to look into.

Every change appends to the task's own list of events; nothing is ever taken from it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from domain.kernel.errors import DomainError
from domain.records.conditions import same_json
from domain.records.kinds.fields import Field, choice, identity, items, mapping, reference, text
from domain.records.kinds.kind import Kind
from domain.records.kinds.task_status import TaskStatus, check_transition, status_read
from domain.records.kinds.typed_record import TypedRecord
from domain.records.values import JsonValue, LabsRecord

TASK_EXPERIMENT = "tasks"


class AssigneeType(StrEnum):
    """Whose turn it is."""

    SELF = "self"
    NETWORK_MANAGER = "network_manager"
    PROGRAM_MANAGER = "program_manager"


class TaskUnreadableError(DomainError):
    """The data of a task are no object: there is nothing that could be changed."""


@dataclass(frozen=True, slots=True)
class By:
    """Who does something, and when (aware UTC)."""

    actor: str
    at: datetime

    @property
    def timestamp(self) -> str:
        """When, as it is written into a task."""
        return self.at.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def event(self, event_type: str, description: str, **more: JsonValue) -> dict[str, JsonValue]:
        """Return an entry for a task's list of events."""
        return {
            "event_type": event_type,
            "actor": self.actor,
            "description": description,
            "timestamp": self.timestamp,
            **more,
        }


class Task(TypedRecord):
    """A task. Its record's username is the worker that it is about."""

    title = text(most=1_000, required=True)
    description = text()
    status: Field[str] = Field(
        status_read,
        lambda: TaskStatus.INVESTIGATING,
        f"one of {', '.join(TaskStatus)}",
        fits=lambda value: isinstance(value, str) and value in set(TaskStatus),
    )
    """In today's names; a name that nobody knows as it is, ``investigating`` without any."""
    priority = choice("low", "medium", "high", default="medium")
    username = text(most=255)
    flw_name = text(most=255)
    user_id = identity()
    opportunity_id = identity()
    assigned_to_type = choice(*AssigneeType, default=AssigneeType.SELF)
    assigned_to_name = text(most=255)
    audit_session_id = reference()
    workflow_run_id = reference()
    resolution_details = mapping()
    events = items()

    def assigned(self, to: AssigneeType, name: str, by: By) -> JsonValue:
        """Return the data of the task assigned to somebody."""
        event = by.event("assigned", f"Assigned to {name}", assigned_to_type=to.value, assigned_to_name=name)
        return self._with(event, assigned_to_type=to.value, assigned_to_name=name)

    def commented(self, comment: str, by: By) -> JsonValue:
        """Return the data of the task with a comment."""
        return self._with(by.event("comment", comment))

    def moved(self, wanted: TaskStatus, by: By) -> JsonValue:
        """Return the data of the task in another status.

        Raises:
            TaskTransitionRefusedError: it cannot go there from where it is.
        """
        return self._moved(wanted, by)

    def resolved(self, official_action: str, resolution_note: str, by: By) -> JsonValue:
        """Return the data of the task closed, with what was decided.

        Raises:
            TaskTransitionRefusedError: it is closed already.
        """
        details = {"official_action": official_action, "resolution_note": resolution_note}
        return self._moved(TaskStatus.CLOSED, by, resolution_details=details)

    def changed(self, changes: dict[str, JsonValue], by: By) -> JsonValue:
        """Return the data of the task with other details; unchanged when nothing differs."""
        different = [name for name, value in changes.items() if name not in self.data or self.data[name] != value]
        if not different:
            return self.record.data
        event = by.event("updated", f"Changed {', '.join(different)}", changed=list(different))
        return self._with(event, **changes)

    def with_chat(self, description: str, session: dict[str, JsonValue], by: By) -> JsonValue:
        """Return the data of the task with what became of a conversation with a bot."""
        return self._with(by.event("ai_session", description, **session))

    def _moved(self, wanted: TaskStatus, by: By, **more: JsonValue) -> JsonValue:
        status = self.status
        check_transition(status, wanted)
        description = f"Status changed from {status} to {wanted.value}"
        event = by.event("status_changed", description, **{"from": status, "to": wanted.value}, **more)
        return self._with(event, status=wanted.value, **more)

    def _with(self, event: dict[str, JsonValue], **changes: JsonValue) -> JsonValue:
        if not isinstance(self.record.data, dict):
            raise TaskUnreadableError(f"the data of task {self.record.id} are no object")
        before = self.data.get("events")
        events: list[Any] = before if isinstance(before, list) else [] if before is None else [before]
        return {**self.data, **changes, "events": [*events, event]}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDraft:
    """A task to be made.

    Attributes:
        username: the worker it is about.
        flw_name: how the worker is called; the username when empty.
        assigned_to_name: the maker when empty.
    """

    title: str
    username: str
    description: str = ""
    priority: str = "medium"
    flw_name: str = ""
    user_id: str | int | None = None
    opportunity_id: int | None = None
    assigned_to_type: AssigneeType = AssigneeType.SELF
    assigned_to_name: str = ""
    audit_session_id: int | None = None
    workflow_run_id: int | None = None

    def data(self, by: By) -> dict[str, JsonValue]:
        """Return the data of the new task; made by somebody."""
        return {
            "title": self.title,
            "description": self.description,
            "priority": self.priority,
            "status": TaskStatus.INVESTIGATING.value,
            "username": self.username,
            "flw_name": self.flw_name or self.username,
            "user_id": self.user_id,
            "opportunity_id": self.opportunity_id,
            "assigned_to_type": self.assigned_to_type.value,
            "assigned_to_name": self.assigned_to_name or by.actor,
            "audit_session_id": self.audit_session_id,
            "workflow_run_id": self.workflow_run_id,
            "resolution_details": {},
            "events": [by.event("created", f"Task created by {by.actor}")],
        }


def _events(data: JsonValue) -> list[Any]:
    """Return what there is of events; what is no list counts as one, as it does when something is appended."""
    found = data.get("events") if isinstance(data, dict) else None
    return found if isinstance(found, list) else [] if found is None else [found]


def _objection(before: LabsRecord, after: LabsRecord) -> tuple[str, str] | None:
    told = _events(before.data)
    if not told:
        return None
    for name in ("experiment", "type"):
        if before.value_of(name) != after.value_of(name):
            return name, f"must stay {before.value_of(name)}: a task that something happened to stays a task"
    if same_json(_events(after.data)[: len(told)], told):
        return None
    return "data.events", f"may only be appended to: it must begin with the {len(told)} that are there, as they are"


def _written_over(before: LabsRecord, data: JsonValue, now: LabsRecord) -> JsonValue:
    """Append to the events of one version what was appended to another's."""
    told = _events(now.data)
    if not told or not isinstance(data, dict):
        return data
    return {**data, "events": [*told, *_events(data)[len(_events(before.data)) :]]}


TASK = Kind(
    name="task",
    experiment=TASK_EXPERIMENT,
    type="Task",
    view=Task,
    objection=_objection,
    written_over=_written_over,
    written_at="/api/v1/tasks",
)
