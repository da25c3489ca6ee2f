"""Refusals of the lab operations context.

DomainError
├── InvalidSpecimenError          a field of a specimen breaks a rule; names the field
├── ImpossibleTransitionError     a specimen cannot go from where it stands to there
└── ContradictoryReadingError     what a source says cannot be true beside what is known; names the field
"""

from domain.kernel.errors import DomainError, InvalidFieldError


class InvalidSpecimenError(InvalidFieldError):
    """A field of a specimen breaks a rule."""


class ImpossibleTransitionError(DomainError):
    """A specimen cannot go from where it stands to there."""

    def __init__(self, specimen_id: str, status: str, to: str) -> None:
        super().__init__(f"specimen {specimen_id} is {status} and cannot become {to}")


class ContradictoryReadingError(DomainError):
    """What a source says cannot be true beside what is known.

    Attributes:
        field: what differs.
        value: what the source says, as text.
    """

    def __init__(self, field: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.contradicted = field
        self.value = value
