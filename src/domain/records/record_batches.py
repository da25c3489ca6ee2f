"""What the items of a batch come to, decided before anything is written."""

from collections.abc import Sequence
from dataclasses import replace

from domain.records.conditions import same_json
from domain.records.errors import (
    InvalidRecordError,
    RecordChangedError,
    RecordNotFoundError,
    ScopeNotFoundError,
    WrongScopeError,
)
from domain.records.kinds.registry import kind_of
from domain.records.record_access import Includes, may_change, may_see
from domain.records.record_history import COLUMNS
from domain.records.values import NO_SCOPE, SCOPE_FIELDS, LabsRecord, RecordItem

_NEEDED = ("experiment", "type", "data")


def check_scopes(items: Sequence[RecordItem], includes: Includes) -> None:
    """Check that the writer belongs to everything that the items name.

    Raises:
        ScopeNotFoundError: they do not, or there is no such thing; names the first such item.
    """
    for index, item in enumerate(items):
        for kind, number in item.scope.parts:
            if not includes(kind.value, number):
                raise ScopeNotFoundError(kind.value, number, index)


def record_after(
    index: int, item: RecordItem, current: LabsRecord | None, new_id: int | None, includes: Includes
) -> LabsRecord:
    """Return the record that an item leads to.

    Args:
        current: the record with the item's id; None when there is none.
        new_id: for an item without an id.

    Raises:
        RecordNotFoundError: an item that names no scope means a record that is not there for the writer, or one that
            names a scope means a record that they cannot see.
        WrongScopeError: the item would move the record to another scope, or out of its scope.
        RecordChangedError: the record is not what the item expects.
        InvalidRecordError: a record that would be new lacks a field, or its kind does not let it become so.
    """
    if item.id is None:
        assert new_id is not None
        return _new(index, item, new_id)
    if current is None:
        if item.expected is not None:
            raise RecordChangedError(item.id, None, index)
        if item.scope == NO_SCOPE:
            raise RecordNotFoundError(item.id, index)
        return _new(index, item, item.id)
    # An item that names a scope of its own is checked against that alone: the record may have a scope before it.
    if not (may_change(current, includes) if item.scope == NO_SCOPE else may_see(current, includes)):
        raise RecordNotFoundError(item.id, index)
    if any(item.fields[name] != current.value_of(name) for name in SCOPE_FIELDS if name in item.fields):
        raise WrongScopeError(item.id, index)
    check_expected(current, item.expected, index)
    after = led_to(item, current)
    check_change(index, current, after)
    return after


def check_change(index: int, before: LabsRecord, after: LabsRecord) -> None:
    """Check that the kind of a record lets it become so.

    Raises:
        InvalidRecordError: it does not; names the field and the rule.
    """
    kind = kind_of(before.experiment, before.type)
    objection = None if kind is None else kind.objection(before, after)
    if objection is not None:
        raise InvalidRecordError(index, *objection)


def led_to(item: RecordItem, before: LabsRecord) -> LabsRecord:
    """Return what an update makes of a record."""
    given = dict(item.fields)
    if given.get("username", "") is None:
        del given["username"]  # as in the system of record: nobody is no news about who it is
    return replace(before, **given)


def check_expected(current: LabsRecord, expected: LabsRecord | None, index: int | None = None) -> None:
    """Check that a record is what the caller read; None expects nothing.

    Raises:
        RecordChangedError: it is something else by now.
    """
    if expected is None:
        return
    same = all(same_json(current.value_of(name), expected.value_of(name)) for name in COLUMNS)
    if not same or not same_json(current.data, expected.data):
        raise RecordChangedError(current.id, current, index)


def _new(index: int, item: RecordItem, record_id: int) -> LabsRecord:
    for name in _NEEDED:
        if name not in item.fields:
            raise InvalidRecordError(index, name, "must be given for a new record")
    return LabsRecord(id=record_id, **item.fields)
