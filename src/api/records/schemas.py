"""Bodies and answers of the records resources."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from domain.records.values import MAX_BATCH_ITEMS, MAX_EXPERIMENT_CHARACTERS, MAX_ID, MAX_TYPE_CHARACTERS, RecordOrigin

_RECORD: dict[str, Any] = {
    "experiment": "workflow",
    "type": "workflow_run",
    "data": {"definition_id": 4490, "status": "in_progress", "state": {"flagged": ["worker_12"]}},
    "opportunity_id": 814,
}
ANSWERED: dict[str, Any] = {
    "id": 4501,
    "username": None,
    "experiment": "workflow",
    "opportunity_id": 814,
    "organization_id": None,
    "program_id": None,
    "labs_record_id": None,
    "type": "workflow_run",
    "data": _RECORD["data"],
    "public": False,
    "kind": "workflow-run",
}

Id = Annotated[int, Field(ge=1, le=MAX_ID)]
OptionalId = Annotated[Id | None, Field(description="Null for none.")]
Data = Annotated[Any, Field(description="Any JSON but null; kept exactly, at most 4 MiB and 64 levels deep.")]


class GivenBody(BaseModel):
    """Base of bodies that hold data of any shape: the domain's rules say what is wrong with them, field by field."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    def given(self) -> dict[str, Any]:
        """Return the fields that were given, null included."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}


class CreateRecordBody(GivenBody):
    """A new record. Without an opportunity, program or organisation only `public` makes it findable."""

    experiment: Annotated[str, Field(min_length=1, max_length=MAX_EXPERIMENT_CHARACTERS)]
    type: Annotated[str, Field(min_length=1, max_length=MAX_TYPE_CHARACTERS)]
    data: Data
    public: bool = False
    username: str | None = Field(None, description="The person that it is about or from.")
    opportunity_id: OptionalId = None
    program_id: OptionalId = None
    organization_id: OptionalId = None
    labs_record_id: OptionalId = Field(None, description="Its parent; removing that removes it too.")

    model_config = ConfigDict(json_schema_extra={"examples": [_RECORD]})


class CreateRecordsBody(GivenBody):
    """New records, created all or none."""

    items: Annotated[list[CreateRecordBody], Field(min_length=1, max_length=MAX_BATCH_ITEMS)]

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_RECORD]}]})


class ChangeRecordBody(GivenBody):
    """What is to be changed; what is left out stays. `data` are replaced as a whole."""

    experiment: str = ""
    type: str = ""
    data: Data = None
    public: bool = False
    username: str | None = None
    opportunity_id: OptionalId = None
    program_id: OptionalId = None
    organization_id: OptionalId = None
    labs_record_id: OptionalId = None

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"data": {"definition_id": 4490, "status": "completed"}}]}
    )


class CreateKindRecordBody(GivenBody):
    """A new record of a kind: its experiment and type are known, and its data are checked."""

    data: dict[str, Any]
    experiment: str | None = Field(None, description="Where a kind's experiment is the id of an owner: that id.")
    public: bool = False
    username: str | None = None
    opportunity_id: OptionalId = None
    program_id: OptionalId = None
    organization_id: OptionalId = None
    labs_record_id: OptionalId = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"data": _RECORD["data"], "opportunity_id": 814}]})


class CreateKindRecordsBody(GivenBody):
    """New records of a kind, created all or none."""

    items: Annotated[list[CreateKindRecordBody], Field(min_length=1, max_length=MAX_BATCH_ITEMS)]

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [{"data": _RECORD["data"], "opportunity_id": 814}]}]}
    )


class ChangeKindRecordBody(GivenBody):
    """Keys of the data that get new values; the others stay."""

    data: dict[str, Any] = Field(default_factory=dict)
    public: bool | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"data": {"status": "completed"}}]})


class RecordAnswer(BaseModel):
    """A record. `kind` is null where it is none that is known here."""

    model_config = ConfigDict(json_schema_extra={"examples": [ANSWERED]})

    id: int
    username: str | None
    experiment: str
    opportunity_id: int | None
    organization_id: int | None
    program_id: int | None
    labs_record_id: int | None
    type: str
    data: Any
    public: bool
    kind: str | None


class RecordsAnswer(BaseModel):
    """Records that were created, in the order of the request."""

    items: list[RecordAnswer]


class RecordsPageAnswer(BaseModel):
    """Records in the order of their ids."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [ANSWERED], "next_cursor": None}]})

    items: list[RecordAnswer]
    next_cursor: str | None


class KindFieldAnswer(BaseModel):
    """A field of the data: what may be written there."""

    name: str
    rule: str
    required: bool


class KindAnswer(BaseModel):
    """A kind. `experiment` is null where it is the id of an owner; `written_at` names the path that writes it."""

    name: str
    experiment: str | None
    type: str
    description: str
    fields: list[KindFieldAnswer]
    written_at: str


class KindsAnswer(BaseModel):
    """All kinds that are known here; any other record is a plain one."""

    items: list[KindAnswer]


class RecordHistoryAnswer(BaseModel):
    """One event of a record; `version` is what `/diff` compares."""

    version: int
    type: str
    at: datetime
    by: str | None
    action: str
    origin: RecordOrigin
    changed: list[str]


class RecordHistoryPage(BaseModel):
    """Events of a record, newest first."""

    items: list[RecordHistoryAnswer]
    next_cursor: str | None


class DifferenceAnswer(BaseModel):
    """One place that differs; `path` leads there from the record, a number being a place in a list."""

    path: list[str | int]
    old: Any
    new: Any
    kind: Literal["added", "removed", "changed"]


class VersionComparisonAnswer(BaseModel):
    """What differs between two versions."""

    model_config = ConfigDict(populate_by_name=True)

    earlier: int = Field(alias="from")
    later: int = Field(alias="to")
    differences: list[DifferenceAnswer]
