"""Bodies and answers of the tasks resource."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.kernel.strict_body import StrictBody
from api.records.parameters import Number, ScopeParameters
from api.records.schemas import OptionalId
from domain.records.kinds.task import AssigneeType, TaskDraft
from domain.records.kinds.task_status import TaskStatus
from domain.records.values import MAX_BATCH_ITEMS, RecordScope

_TASK: dict[str, Any] = {
    "title": "Call the worker about the last visit",
    "username": "flw_01",
    "priority": "high",
    "opportunity_id": 814,
}
_EVENT: dict[str, Any] = {
    "event_type": "created",
    "actor": "asha",
    "description": "Task created by asha",
    "timestamp": "2026-03-01T12:00:00Z",
}
_ANSWERED: dict[str, Any] = {
    "id": 4501,
    "title": _TASK["title"],
    "description": "",
    "priority": "high",
    "status": "investigating",
    "username": "flw_01",
    "flw_name": "flw_01",
    "user_id": None,
    "opportunity_id": 814,
    "organization_id": None,
    "program_id": None,
    "assigned_to_type": "self",
    "assigned_to_name": "asha",
    "audit_session_id": None,
    "workflow_run_id": None,
    "resolution_details": {},
    "events": [_EVENT],
}

AskedStatus = Literal[
    "investigating",
    "flw_action_in_progress",
    "flw_action_completed",
    "review_needed",
    "closed",
    "unassigned",
    "network_manager",
    "program_manager",
    "action_underway",
    "resolved",
]
Title = Annotated[str, Field(min_length=1, max_length=1000)]
Text = Annotated[str, Field(max_length=20_000)]
Name = Annotated[str, Field(max_length=255)]
Priority = Literal["low", "medium", "high"]
Assignee = Annotated[AssigneeType, Field(strict=False, description="Whose turn it is.")]


class CreateTaskBody(StrictBody):
    """A new task about a worker, in an opportunity, program or organisation."""

    title: Title
    username: Annotated[str, Field(min_length=1, max_length=255, description="The worker that it is about.")]
    description: Text = ""
    priority: Priority = "medium"
    flw_name: Name = Field("", description="How the worker is called; the username when left out.")
    user_id: Annotated[str, Field(min_length=1, max_length=255)] | int | None = None
    opportunity_id: OptionalId = None
    program_id: OptionalId = None
    organization_id: OptionalId = None
    assigned_to_type: Assignee = AssigneeType.SELF
    assigned_to_name: Name = Field("", description="Whose turn it is by name; yours when left out.")
    audit_session_id: OptionalId = None
    workflow_run_id: OptionalId = None

    model_config = ConfigDict(json_schema_extra={"examples": [_TASK]})

    @property
    def draft(self) -> TaskDraft:
        """The task."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        del given["program_id"], given["organization_id"]
        return TaskDraft(**given)

    @property
    def scope(self) -> RecordScope:
        """Where it belongs."""
        return RecordScope(self.opportunity_id, self.program_id, self.organization_id)


class CreateTasksBody(StrictBody):
    """New tasks, created all or none."""

    items: Annotated[list[CreateTaskBody], Field(min_length=1, max_length=MAX_BATCH_ITEMS)]

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_TASK, {**_TASK, "username": "flw_02"}]}]})


class ChangeTaskBody(StrictBody):
    """What is to be changed; what is left out stays. A link of null is taken away."""

    title: Title = ""
    description: Text = ""
    priority: Priority = "medium"
    audit_session_id: OptionalId = None
    workflow_run_id: OptionalId = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"priority": "low", "audit_session_id": 4490}]})

    def given(self) -> dict[str, Any]:
        """Return the fields that were given, null included."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}


class AssignTaskBody(StrictBody):
    """Whose turn it is."""

    assigned_to_type: Assignee
    assigned_to_name: Annotated[str, Field(min_length=1, max_length=255)]

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"assigned_to_type": "network_manager", "assigned_to_name": "Noor"}]}
    )


class CommentBody(StrictBody):
    """What is said about a task."""

    comment: Annotated[str, Field(min_length=1, max_length=20_000, pattern=r"\S", description="Not only blanks.")]

    model_config = ConfigDict(json_schema_extra={"examples": [{"comment": "Called twice, no answer."}]})


class TaskStatusBody(StrictBody):
    """Where a task goes."""

    status: Annotated[
        TaskStatus,
        Field(
            strict=False,
            description="From investigating to flw_action_in_progress, review_needed or closed; from "
            "flw_action_in_progress to flw_action_completed, investigating, review_needed or closed; from "
            "flw_action_completed to review_needed, investigating, flw_action_in_progress or closed; from "
            "review_needed to investigating, flw_action_in_progress or closed; from closed to investigating.",
        ),
    ]

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "flw_action_in_progress"}]})


class ResolveTaskBody(StrictBody):
    """What was decided about a task."""

    official_action: Annotated[str, Field(min_length=1, max_length=255)]
    resolution_note: Text = ""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"official_action": "warned", "resolution_note": "Talked to the worker."}]}
    )


class TaskAnswer(BaseModel):
    """A task. Statuses of earlier times are shown as what they mean today."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ANSWERED]})

    id: int
    title: str
    description: str
    priority: str
    status: str
    username: str
    flw_name: str
    user_id: str | None
    opportunity_id: int | None
    organization_id: int | None
    program_id: int | None
    assigned_to_type: str
    assigned_to_name: str
    audit_session_id: int | None
    workflow_run_id: int | None
    resolution_details: dict[str, Any]
    events: list[Any]


class TasksAnswer(BaseModel):
    """Tasks that were created, in the order of the request."""

    items: list[TaskAnswer]


class TasksPageAnswer(BaseModel):
    """Tasks in the order of their ids."""

    items: list[TaskAnswer]
    next_cursor: str | None


class TaskEventsPageAnswer(BaseModel):
    """Events, oldest first."""

    items: list[Any]
    next_cursor: str | None


class TaskFilters(ScopeParameters):
    """Filters of tasks."""

    status: Annotated[
        AskedStatus | None,
        Field(
            description="Only tasks of this status, stored under legacy names or not; a legacy name asks for the same."
        ),
    ] = None
    priority: Annotated[Priority | None, Field(description="Only tasks of this priority.")] = None
    username: Annotated[str | None, Field(max_length=255, description="Only tasks about this worker.")] = None
    assigned_to_type: Annotated[AssigneeType | None, Field(description="Only tasks whose turn is theirs.")] = None
    assigned_to_name: Annotated[str | None, Field(max_length=255, description="Only tasks of this person.")] = None
    audit_session_id: Annotated[Number | None, Field(description="Only tasks linked to this audit.")] = None
    workflow_run_id: Annotated[Number | None, Field(description="Only tasks linked to this run.")] = None
