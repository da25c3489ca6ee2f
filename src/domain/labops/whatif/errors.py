"""Refusals of what-if.

DomainError
├── InvalidSimulationError    a field of what was asked breaks a rule; names the field
├── NothingToLearnFromError   there are too few specimens to learn from how the laboratory works
└── SimulationEndedError      it has ended, nothing can be cancelled
"""

from domain.kernel.errors import DomainError, InvalidFieldError


class InvalidSimulationError(InvalidFieldError):
    """A field of what was asked breaks a rule."""


class NothingToLearnFromError(DomainError):
    """There are too few specimens to learn from how the laboratory works."""


class SimulationEndedError(DomainError):
    """It has ended, nothing can be cancelled."""
