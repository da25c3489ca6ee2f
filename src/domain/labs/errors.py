"""Refusals of the labs context.

DomainError
├── LabAlreadyRemovedError
├── LabNotRemovedError
├── WorkerDecommissionedError
├── WorkerNotActiveError
└── InvalidWorkerError       a field of a worker breaks a rule; names the field
"""

from domain.kernel.errors import DomainError


class LabAlreadyRemovedError(DomainError):
    """A removed lab record is not removed again."""


class LabNotRemovedError(DomainError):
    """Only a removed lab record can be restored."""


class WorkerDecommissionedError(DomainError):
    """A decommissioned worker accepts no change."""


class WorkerNotActiveError(DomainError):
    """An inactive worker is not asked for its labs."""


class InvalidWorkerError(DomainError):
    """A field of a worker breaks a rule.

    Attributes:
        field: name of the field.
        rule: what it must be.
    """

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field} {rule}")
        self.field = field
        self.rule = rule
