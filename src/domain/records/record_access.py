"""Who may see and change a record, given where they belong. The rules of the system of record."""

from collections.abc import Callable

from domain.records.errors import ScopeNotFoundError
from domain.records.events import (
    LabsRecordChangedDomainEvent,
    LabsRecordCreatedDomainEvent,
    LabsRecordRemovedDomainEvent,
)
from domain.records.values import LabsRecord, RecordScope

Includes = Callable[[str, int], bool]
"""Tells whether somebody belongs to an ``opportunity``, ``program`` or ``organization`` with a number."""


def may_see(record: LabsRecord, includes: Includes) -> bool:
    """Tell whether somebody finds a record: it is public, or they belong to any of the scopes that it names."""
    return record.public or any(includes(kind.value, number) for kind, number in record.scope.parts)


def may_hear(
    event: LabsRecordCreatedDomainEvent | LabsRecordChangedDomainEvent | LabsRecordRemovedDomainEvent,
    includes: Includes,
) -> bool:
    """Tell whether somebody hears of a fact: whether they find the record right after it, or before it went."""
    scope = RecordScope(event.opportunity_id, event.program_id, event.organization_id)
    return event.public or any(includes(kind.value, number) for kind, number in scope.parts)


def may_change(record: LabsRecord, includes: Includes) -> bool:
    """Tell whether somebody may write a record by its id alone.

    The first of its opportunity, program and organisation decides; what names none is open to everyone.
    """
    deciding = record.scope.deciding
    return deciding is None or includes(deciding[0].value, deciding[1])


def check_readable(scope: RecordScope, includes: Includes) -> None:
    """Check that somebody belongs to what decides a scope.

    Raises:
        ScopeNotFoundError: they do not, or there is no such thing.
    """
    deciding = scope.deciding
    if deciding is not None and not includes(deciding[0].value, deciding[1]):
        raise ScopeNotFoundError(deciding[0].value, deciding[1])
