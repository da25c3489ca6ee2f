"""Refusals of the lab operations context.

DomainError
├── InvalidSpecimenError          a field of a specimen breaks a rule; names the field
├── SpecimenExistsError           there is a specimen of that id already
├── ImpossibleTransitionError     a specimen cannot go from where it stands to there
└── ContradictoryReadingError     what a source says cannot be true beside what is known; names the field
"""

from domain.kernel.errors import DomainError


class InvalidSpecimenError(DomainError):
    """A field of a specimen breaks a rule.

    Attributes:
        field: name of the field.
        rule: what it must be.
    """

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field} {rule}")
        self.field = field
        self.rule = rule


class SpecimenExistsError(DomainError):
    """There is a specimen of that id already."""


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
