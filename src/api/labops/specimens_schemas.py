"""Bodies and answers of the specimens resource."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.kernel.strict_body import StrictBody
from application.labops.specimens.take_specimens import MOST_READINGS, Outcome
from domain.labops.values import (
    LONGEST_ASSAY,
    LONGEST_ERROR_CODE,
    LONGEST_MACHINE_ID,
    LONGEST_OPERATOR_ID,
    LONGEST_SPECIMEN_ID,
    SpecimenReading,
    SpecimenStatus,
)

MomentOf = Callable[[str, str, datetime | None], datetime]
"""Takes a field's name, its text and what it cannot be before; returns an aware time."""

_SPECIMEN: dict[str, Any] = {
    "specimen_id": "SP000123",
    "assay": "CBC",
    "machine_id": "M2",
    "operator_id": "O7",
    "status": "COMPLETED",
    "error_code": None,
    "received_at": "2026-03-01T08:00:00Z",
    "started_at": "2026-03-01T08:40:00Z",
    "processed_at": "2026-03-01T10:15:00Z",
    "version": 3,
}
_FACT: dict[str, Any] = {
    "event_id": "SP000123.3",
    "event_type": "labops.specimen-completed.v1",
    "version": 3,
    "position": 1042,
    "at": "2026-03-01T10:15:02Z",
    "actor": "ines",
    "import_id": "0195f2c1a3b9c2f04d6e8a1b3c5",
    "import_line": 43,
    "status": "COMPLETED",
    "machine_id": "M2",
    "operator_id": "O7",
    "error_code": None,
    "started_at": "2026-03-01T08:40:00Z",
    "processed_at": "2026-03-01T10:15:00Z",
}

MomentText = Annotated[
    str,
    Field(
        max_length=64,
        description="ISO 8601; without an offset it is the lab's time.",
        json_schema_extra={"format": "date-time"},
    ),
]
SpecimenIdText = Annotated[str, Field(min_length=1, max_length=LONGEST_SPECIMEN_ID)]
Assay = Annotated[str, Field(min_length=1, max_length=LONGEST_ASSAY)]
MachineId = Annotated[str, Field(min_length=1, max_length=LONGEST_MACHINE_ID)]
OperatorId = Annotated[str, Field(min_length=1, max_length=LONGEST_OPERATOR_ID)]
ErrorCode = Annotated[str, Field(min_length=1, max_length=LONGEST_ERROR_CODE)]


class ReceiveSpecimenBody(StrictBody):
    """A specimen that arrived; `received_at` is now when it is left out."""

    specimen_id: SpecimenIdText
    assay: Assay
    machine_id: MachineId
    operator_id: OperatorId
    received_at: MomentText | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"specimen_id": "SP000123", "assay": "CBC", "machine_id": "M2", "operator_id": "O7"}]
        }
    )


class StartSpecimenBody(StrictBody):
    """A machine begins; machine and operator stay as they are when they are left out, `started_at` is now."""

    machine_id: MachineId | None = None
    operator_id: OperatorId | None = None
    started_at: MomentText | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"machine_id": "M2"}]})


class CompleteSpecimenBody(StrictBody):
    """A result; `processed_at` is now when it is left out."""

    processed_at: MomentText | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"processed_at": "2026-03-01T10:15:00Z"}]})


class FailSpecimenBody(StrictBody):
    """An error of the machine; both may be unknown."""

    error_code: ErrorCode | None = None
    processed_at: MomentText | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"error_code": "E03"}]})


class ReadingBody(StrictBody):
    """All that a source says about one specimen at one time, like a row of a file."""

    specimen_id: SpecimenIdText
    assay: Assay
    machine_id: MachineId
    operator_id: OperatorId
    status: Annotated[SpecimenStatus, Field(strict=False)] = SpecimenStatus.RECEIVED
    error_code: ErrorCode | None = None
    received_at: MomentText
    started_at: MomentText | None = None
    processed_at: MomentText | None = None

    def reading(self, moment_of: MomentOf) -> SpecimenReading:
        """Return the reading.

        Raises:
            InvalidSpecimenError: a time is none.
        """
        received_at = moment_of("received_at", self.received_at, None)
        started_at = None if self.started_at is None else moment_of("started_at", self.started_at, received_at)
        before = started_at or received_at
        return SpecimenReading(
            specimen_id=self.specimen_id,
            assay=self.assay,
            machine_id=self.machine_id,
            operator_id=self.operator_id,
            status=self.status,
            error_code=self.error_code,
            received_at=received_at,
            started_at=started_at,
            processed_at=None if self.processed_at is None else moment_of("processed_at", self.processed_at, before),
        )


class TakeSpecimensBody(StrictBody):
    """Readings, taken in this order."""

    items: Annotated[list[ReadingBody], Field(min_length=1, max_length=MOST_READINGS)]

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"items": [{name: value for name, value in _SPECIMEN.items() if name != "version"}]}]
        }
    )


class SpecimenAnswer(BaseModel):
    """A specimen in its newest state."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_SPECIMEN]})

    specimen_id: str
    assay: str
    machine_id: str
    operator_id: str
    status: SpecimenStatus
    error_code: str | None
    received_at: datetime
    started_at: datetime | None
    processed_at: datetime | None
    version: int


class SpecimensPage(BaseModel):
    """Specimens, those received last first."""

    model_config = ConfigDict(from_attributes=True)

    items: list[SpecimenAnswer]
    next_cursor: str | None


class ReadingOutcomeAnswer(BaseModel):
    """What became of one reading. `version` is the specimen's after the whole request."""

    model_config = ConfigDict(from_attributes=True)

    specimen_id: str
    outcome: Outcome
    version: int


class TakenSpecimensAnswer(BaseModel):
    """What became of the readings, in their order."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "applied": 1,
                    "unchanged": 0,
                    "items": [{"specimen_id": "SP000123", "outcome": "applied", "version": 2}],
                }
            ]
        }
    )

    applied: int
    unchanged: int
    items: list[ReadingOutcomeAnswer]


class SpecimenFactAnswer(BaseModel):
    """One fact, and what was known after it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FACT]})

    event_id: str
    event_type: str
    version: int
    position: int
    at: datetime
    actor: str | None
    import_id: Annotated[str | None, Field(description="Which import it came by; null when it came by none.")]
    import_line: Annotated[int | None, Field(description="Line of that file on which its row begins.")]
    status: SpecimenStatus
    machine_id: str
    operator_id: str
    error_code: str | None
    started_at: datetime | None
    processed_at: datetime | None


class SpecimenHistoryAnswer(BaseModel):
    """All facts about a specimen, oldest first."""

    items: list[SpecimenFactAnswer]
