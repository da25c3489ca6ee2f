"""Values of the lab operations language."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from domain.labops.errors import InvalidSpecimenError

LONGEST_SPECIMEN_ID = 50
LONGEST_ASSAY = 20
LONGEST_MACHINE_ID = 10
LONGEST_OPERATOR_ID = 10
LONGEST_ERROR_CODE = 10
FIRST_YEAR_TOO_LATE = 2200
"""Clocks differ, so a time may lie ahead; one so far ahead is a slip, and no calendar reaches beyond the year 9999."""
_NAMES = (
    ("specimen_id", LONGEST_SPECIMEN_ID),
    ("assay", LONGEST_ASSAY),
    ("machine_id", LONGEST_MACHINE_ID),
    ("operator_id", LONGEST_OPERATOR_ID),
)
_TOO_LATE = datetime(FIRST_YEAR_TOO_LATE, 1, 1, tzinfo=UTC)
_BEFORE = f"must be before the year {FIRST_YEAR_TOO_LATE}"


class SpecimenStatus(StrEnum):
    """Where a specimen stands; the starter kit's words (seed 004)."""

    RECEIVED = "RECEIVED"
    IN_PROCESS = "IN_PROCESS"
    COMPLETED = "COMPLETED"
    ERROR = "ERROR"

    @property
    def ended(self) -> bool:
        """Whether there is a result, good or bad."""
        return self is SpecimenStatus.COMPLETED or self is SpecimenStatus.ERROR


def checked_text(field: str, value: str, longest: int) -> str:
    """Return a name without spaces around it.

    Raises:
        InvalidSpecimenError: it is empty, too long, or holds what no label shows (control characters, private letters).
    """
    text = value.strip()
    if 0 < len(text) <= longest and text.isprintable():
        return text
    if not text:
        raise InvalidSpecimenError(field, "must not be empty")
    if len(text) > longest:
        raise InvalidSpecimenError(field, f"must have at most {longest} characters")
    raise InvalidSpecimenError(field, "must not hold control characters or others that cannot be shown")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecimenReading:
    """All that a source says about one specimen at one time: a row of a file, or a command.

    It is true to the rules from the moment it is made; names lose the spaces around them.

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

    def __post_init__(self) -> None:
        """Check it.

        Raises:
            InvalidSpecimenError: a field breaks a rule; names it.
        """
        self._check_times()
        for field, longest in _NAMES:
            value = getattr(self, field)
            text = checked_text(field, value, longest)
            if text is not value:
                object.__setattr__(self, field, text)
        if self.specimen_id in (".", ".."):
            raise InvalidSpecimenError("specimen_id", "must not be . or .., which no path can name")
        if self.error_code is not None:
            if self.status is not SpecimenStatus.ERROR:
                raise InvalidSpecimenError("error_code", f"must be empty while the status is {self.status}")
            object.__setattr__(self, "error_code", checked_text("error_code", self.error_code, LONGEST_ERROR_CODE))

    def _check_times(self) -> None:
        started_at, processed_at = self.started_at, self.processed_at
        if self.received_at >= _TOO_LATE:
            raise InvalidSpecimenError("received_at", _BEFORE)
        if processed_at is not None:
            if not self.status.ended:
                raise InvalidSpecimenError("processed_at", f"must be empty while the status is {self.status}")
            if processed_at < self.received_at:
                raise InvalidSpecimenError("processed_at", "must not be before received_at")
            if processed_at >= _TOO_LATE:
                raise InvalidSpecimenError("processed_at", _BEFORE)
        if started_at is not None:
            if self.status is SpecimenStatus.RECEIVED:
                raise InvalidSpecimenError("started_at", f"must be empty while the status is {self.status}")
            if started_at < self.received_at:
                raise InvalidSpecimenError("started_at", "must not be before received_at")
            if started_at >= _TOO_LATE:
                raise InvalidSpecimenError("started_at", _BEFORE)
            if processed_at is not None and processed_at < started_at:
                raise InvalidSpecimenError("processed_at", "must not be before started_at")
