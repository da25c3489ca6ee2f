"""Bodies and answers of the labs context as the API describes them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.kernel.strict_body import StrictBody

_NAME = "What people call the worker; kept in Unicode's form NFC, without blanks around it. One per region."
Name = Annotated[str, Field(min_length=1, max_length=128, description=_NAME)]
Url = Annotated[str, Field(min_length=1, max_length=2048, description="Base URL of the controller, http or https.")]
Username = Annotated[str, Field(min_length=1, max_length=64)]
Password = Annotated[str, Field(min_length=1, max_length=1024, description="Kept encrypted; never given back.")]
HistorySize = Annotated[int, Field(ge=1, le=1000, description="How many operations are kept at hand per lab.")]


class RegisterWorkerBody(StrictBody):
    """A controller to keep track of."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "cml-berlin-1",
                    "endpoint_url": "https://cml-berlin-1.example.org",
                    "username": "labkeeper",
                    "password": "correct horse battery staple",
                    "verify_tls": True,
                    "active": True,
                }
            ]
        }
    )

    name: Name
    endpoint_url: Url
    username: Username
    password: Password
    verify_tls: bool = True
    active: bool = True
    max_history_size: HistorySize | None = None


class ChangeWorkerBody(StrictBody):
    """What to change; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"active": False}]})

    @model_validator(mode="before")
    @classmethod
    def _refuse_null(cls, value: Any) -> Any:
        if isinstance(value, dict):
            for name, given in value.items():
                if given is None:
                    raise ValueError(f"{name} must not be null; leave it out to keep what it is")
        return value

    name: Name | None = None
    endpoint_url: Url | None = None
    username: Username | None = None
    password: Password | None = None
    verify_tls: bool | None = None
    active: bool | None = None
    max_history_size: HistorySize | None = None


class WorkerAnswer(BaseModel):
    """A worker. Times are UTC; ``stale_since`` is set while its refreshes fail."""

    worker_id: str
    name: str
    region: str
    endpoint_url: str
    verify_tls: bool
    active: bool
    max_history_size: int
    reachability: str
    reachability_reason: str
    reachability_changed_at: datetime | None
    labs_held: int
    registered_at: datetime
    decommissioned: bool
    version: int
    last_synced_at: datetime | None
    stale_since: datetime | None
    last_error: str | None
    next_refresh_at: datetime | None


class WorkersPage(BaseModel):
    """A page of workers."""

    items: list[WorkerAnswer]
    next_cursor: str | None


Modified = Annotated[
    datetime | None,
    Field(
        description="When the controller says it was changed, as of the last change that was recorded. May be older "
        "than what the controller says now: a lab of which nothing but this time changed records nothing."
    ),
]


class LabItem(BaseModel):
    """A lab of a worker. ``owner`` is the full name; ``id`` is the controller's own id of the lab."""

    record_id: str
    id: str
    title: str
    description: str
    notes: str
    state: str
    owner: str | None
    owner_username: str | None
    node_count: int
    link_count: int
    created: datetime | None
    modified: Modified
    groups: list[str]
    last_synced: datetime | None
    removed: bool
    removed_at: datetime | None


class LocatedLabItem(LabItem):
    """A lab with the worker it is on."""

    worker_id: str
    worker_name: str
    region: str


class LabsPage(BaseModel):
    """A page of labs."""

    items: list[LocatedLabItem]
    next_cursor: str | None


class LabOperationAnswer(BaseModel):
    """One change of a lab. The states are equal when it left the state alone."""

    timestamp: datetime
    previous_state: str
    new_state: str
    changed_fields: dict[str, dict[str, Any]]


class LabDetailsAnswer(LocatedLabItem):
    """A lab with its last operations, newest first."""

    first_seen: datetime
    version: int
    operation_history: list[LabOperationAnswer]


class LabHistoryEntryAnswer(BaseModel):
    """One event of a lab's stream."""

    version: int
    type: str
    at: datetime
    by: str | None
    previous_state: str | None
    new_state: str | None
    changed_fields: dict[str, dict[str, Any]]


class LabHistoryPage(BaseModel):
    """A page of a lab's history, newest first."""

    items: list[LabHistoryEntryAnswer]
    next_cursor: str | None


class TimeInState(BaseModel):
    """Time in one state; ``share`` of the window, 0 to 1."""

    seconds: float
    share: float


class LabMetricsAnswer(BaseModel):
    """How a lab spent its time since it was first seen or the window began, whichever is later.

    `time_in_state` has the controller's states, and `REMOVED` for the time during which the lab was gone from it. The
    seconds add up to the time between `from` and `to`, the shares to 1.
    """

    model_config = ConfigDict(populate_by_name=True)

    window: str
    start: Annotated[datetime, Field(alias="from")]
    end: Annotated[datetime, Field(alias="to")]
    time_in_state: dict[str, TimeInState]
    transitions: int
    transitions_per_day: float
    last_changed_at: datetime
    seconds_since_change: float


class LabFailureAnswer(BaseModel):
    """A lab that could not be read. `lab_id` is null when its id is unusable; then `reason` quotes id and title."""

    lab_id: str | None
    reason: str


class LabChangeAnswer(BaseModel):
    """What became of one lab: created, updated, restored, removed or held."""

    lab_id: str
    record_id: str
    change: str
    changed_fields: dict[str, dict[str, Any]]


class RefreshAnswer(BaseModel):
    """What a refresh did. ``changes`` lists lab by lab what changed, or with ``dry_run`` would change."""

    worker_id: str
    labs_synced: int
    labs_created: int
    labs_updated: int
    labs_removed: int
    labs_restored: int
    labs_unchanged: int
    labs_failed: int
    labs_held: int
    held: bool
    failures: list[LabFailureAnswer]
    incomplete_reason: str | None
    changes: list[LabChangeAnswer]
    dry_run: bool
    duration_ms: int
    timestamp: datetime
