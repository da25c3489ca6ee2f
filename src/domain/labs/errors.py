"""Refusals of the labs context.

DomainError
├── LabAlreadyRemovedError
├── LabNotRemovedError
├── WorkerDecommissionedError
└── InvalidWorkerError       a field of a worker breaks a rule; names the field
"""

from domain.kernel.errors import DomainError, InvalidFieldError


class LabAlreadyRemovedError(DomainError):
    """A removed lab record is not removed again."""


class LabNotRemovedError(DomainError):
    """Only a removed lab record can be restored."""


class WorkerDecommissionedError(DomainError):
    """A decommissioned worker accepts no change."""


class InvalidWorkerError(InvalidFieldError):
    """A field of a worker breaks a rule."""
