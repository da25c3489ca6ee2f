"""What differs between two descriptions of the same thing."""

from dataclasses import asdict
from typing import Any

from domain.kernel.field_change import FieldChange


def changes_between(old: Any, new: Any) -> dict[str, FieldChange]:
    """Return the fields of two dataclasses of one kind that differ, with both values."""
    after = asdict(new)
    return {name: FieldChange(value, after[name]) for name, value in asdict(old).items() if value != after[name]}


def with_changes(fields: dict[str, FieldChange]) -> dict[str, Any]:
    """Return the new values."""
    return {name: change.new for name, change in fields.items()}
