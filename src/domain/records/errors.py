"""Refusals of the records context.

DomainError
├── InvalidRecordError          a field of an item breaks a rule; names index, field and rule
├── InvalidFilterError          a filter cannot be understood; names it and the rule
├── RecordNotFoundError         there is no such record, or it is not theirs: nobody is told which
├── ScopeNotFoundError          there is no such scope, or they are no member: nobody is told which
├── RecordChangedError          the record is not what the caller read; carries what it is now
└── WrongScopeError             an item would move a record of another scope here
LabkeeperError
├── RecordsRefusedError         the system of record said no for a reason of its own
├── NoUpstreamTokenError        nobody's login can be used for this; logging in again helps
└── HistoryNotKeptError         this store does not remember what was before
"""

from domain.kernel.errors import DomainError, InvalidFieldError, LabkeeperError
from domain.kernel.errors import NoUpstreamTokenError as NoUpstreamTokenError
from domain.records.values import LabsRecord


class InvalidRecordError(DomainError):
    """A field of an item breaks a rule.

    Attributes:
        index: place of the item in its batch, from 0.
        field, rule: which field, and what it must be.
    """

    def __init__(self, index: int, field: str, rule: str) -> None:
        super().__init__(f"item {index}: {field} {rule}")
        self.index = index
        self.field = field
        self.rule = rule


class InvalidFilterError(InvalidFieldError):
    """A filter cannot be understood."""


class RecordNotFoundError(DomainError):
    """There is no such record among those that the caller may see."""

    def __init__(self, record_id: int, index: int | None = None) -> None:
        super().__init__(f"there is no record {record_id}")
        self.record_id = record_id
        self.index = index


class ScopeNotFoundError(DomainError):
    """There is no such opportunity, program or organisation among those that the caller is a member of."""

    def __init__(self, kind: str, number: int | str, index: int | None = None) -> None:
        super().__init__(f"there is no {kind} {number}")
        self.kind = kind
        self.number = number
        self.index = index


class RecordChangedError(DomainError):
    """Somebody changed the record after the caller read it.

    Attributes:
        current: what it is now; None when it is gone.
    """

    def __init__(self, record_id: int, current: LabsRecord | None, index: int | None = None) -> None:
        super().__init__(f"record {record_id} was {'changed' if current else 'removed'} meanwhile")
        self.record_id = record_id
        self.current = current
        self.index = index


class WrongScopeError(DomainError):
    """An item names another scope than the record has; a mistaken id would move a foreign record."""

    def __init__(self, record_id: int, index: int | None = None) -> None:
        super().__init__(
            f"record {record_id} stays in its scope: opportunity_id, program_id and organization_id cannot be changed"
        )
        self.record_id = record_id
        self.index = index


class RecordsRefusedError(LabkeeperError):
    """The system of record refused.

    Attributes:
        status: the HTTP status that it answered with.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class HistoryNotKeptError(LabkeeperError):
    """The store that is in use does not remember earlier versions."""
