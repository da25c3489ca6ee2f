"""Values of the lab operations language."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.labops.errors import InvalidSpecimenError

LONGEST_SPECIMEN_ID = 50
LONGEST_ASSAY = 20
LONGEST_MACHINE_ID = 10
LONGEST_OPERATOR_ID = 10
LONGEST_ERROR_CODE = 10


class SpecimenStatus(StrEnum):
    """Where a specimen stands; the starter kit's words (seed 004)."""

    RECEIVED = "RECEIVED"
    IN_PROCESS = "IN_PROCESS"
    COMPLETED = "COMPLETED"
    ERROR = "ERROR"

    @property
    def ended(self) -> bool:
        """Whether there is a result, good or bad."""
        return self in (SpecimenStatus.COMPLETED, SpecimenStatus.ERROR)


def checked_text(field: str, value: str, longest: int) -> str:
    """Return a name without spaces around it.

    Raises:
        InvalidSpecimenError: it is empty, too long, or holds what no label has (control characters).
    """
    text = value.strip()
    if not text:
        raise InvalidSpecimenError(field, "must not be empty")
    if len(text) > longest:
        raise InvalidSpecimenError(field, f"must have at most {longest} characters")
    if not text.isprintable():
        raise InvalidSpecimenError(field, "must not hold control characters")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecimenReading:
    """All that a source says about one specimen at one time: a row of a file, or a command.

    Attributes:
        specimen_id: unique in the laboratory, e.g. ``SP000123``.
        received_at, started_at, processed_at: aware UTC; None when the source does not say.
        error_code: only of a failed one; None when the source does not say.
    """

    specimen_id: str
    assay: str
    machine_id: str
    operator_id: str
    status: SpecimenStatus
    received_at: datetime
    started_at: datetime | None = None
    processed_at: datetime | None = None
    error_code: str | None = None
