"""What all typed records share."""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.records.kinds.fields import Field
from domain.records.values import JsonValue, LabsRecord


class TypedRecord:
    """A record seen as its kind. Nothing is copied or changed: ``record`` stays what it is.

    Attributes:
        record: with everything that its data hold, known to the kind or not.
        data: the data if they are an object, else empty.
    """

    def __init__(self, record: LabsRecord) -> None:
        self.record = record
        self.data: Mapping[str, JsonValue] = record.data if isinstance(record.data, dict) else {}

    @classmethod
    def fields(cls) -> Iterator[Field[Any]]:
        """Yield the fields in the order of their declaration."""
        for base in reversed(cls.__mro__):
            for value in vars(base).values():
                if isinstance(value, Field):
                    yield value
