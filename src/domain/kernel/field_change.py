"""What a change of details did to one field."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field's value before and after, each as JSON has it."""

    old: Any
    new: Any
