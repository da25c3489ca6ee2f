"""Refusals of what-if.

DomainError
├── InvalidSimulationError    a field of what was asked breaks a rule; names the field
├── NothingToLearnFromError   there are too few specimens to learn from how the laboratory works
└── SimulationEndedError      it has ended, nothing can be cancelled
"""

from domain.kernel.errors import DomainError


class InvalidSimulationError(DomainError):
    """A field of what was asked breaks a rule.

    Attributes:
        field: name of the field.
        rule: what it must be.
    """

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field} {rule}")
        self.field = field
        self.rule = rule


class NothingToLearnFromError(DomainError):
    """There are too few specimens to learn from how the laboratory works."""


class SimulationEndedError(DomainError):
    """It has ended, nothing can be cancelled."""
