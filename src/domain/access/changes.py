"""What differs between two descriptions of the same thing."""

from dataclasses import asdict
from typing import Any

from domain.access.events import ChangedValue


def changes_between(old: Any, new: Any) -> dict[str, ChangedValue]:
    """Return the fields of two dataclasses of one kind that differ, with both values."""
    after = asdict(new)
    return {name: ChangedValue(value, after[name]) for name, value in asdict(old).items() if value != after[name]}


def with_changes(fields: dict[str, ChangedValue]) -> dict[str, Any]:
    """Return the new values."""
    return {name: change.new for name, change in fields.items()}
