"""Fields of a record's data: one declaration says how a field is read and what may be written into it.

Reading tolerates what is missing or of another type than expected, by giving the default; writing does not.
"""

from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar, overload

from domain.records.values import MAX_ID, JsonValue

T = TypeVar("T")
LONGEST_TEXT = 100_000


class HasData(Protocol):
    """What fields are read from: a typed record."""

    data: Mapping[str, JsonValue]


class Field(Generic[T]):
    """A key of ``data``, read as an attribute of a typed record.

    Args:
        read: returns the value as its type, None when it is of another one.
        default: what is read when there is nothing, or something of another type.
        rule: what a written value must be, in words.
        fits: tells whether a value may be written; what ``read`` understands when not given. Null always may, unless
            the field is required.
        required: whether a typed record must have it.
    """

    def __init__(
        self,
        read: Callable[[JsonValue], T | None],
        default: Callable[[], T],
        rule: str,
        *,
        fits: Callable[[JsonValue], bool] | None = None,
        required: bool = False,
    ) -> None:
        self._read = read
        self._default = default
        self._fits = fits or (lambda value: read(value) is not None)
        self.rule = rule
        self.required = required
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, record: None, owner: type) -> "Field[T]": ...
    @overload
    def __get__(self, record: HasData, owner: type) -> T: ...
    def __get__(self, record: HasData | None, owner: type) -> "T | Field[T]":
        if record is None:
            return self
        found = self._read(record.data.get(self.name))
        return self._default() if found is None else found

    def broken_rule(self, data: Mapping[str, JsonValue]) -> str | None:
        """Return the rule that the data to be written break; None when they break none."""
        value = data.get(self.name)
        if value is None:
            return f"must be given and {self.rule}" if self.required else None
        return None if self._fits(value) else f"must be {self.rule}"


def text(*, most: int = LONGEST_TEXT, default: str = "", required: bool = False) -> Field[str]:
    """Text; empty when absent, unless there is another default."""
    return Field(
        lambda value: value if isinstance(value, str) else None,
        lambda: default,
        f"text of {'1' if required else '0'} to {most} characters",
        fits=lambda value: isinstance(value, str) and bool(value.strip() or not required) and len(value) <= most,
        required=required,
    )


def optional_text(*, most: int = LONGEST_TEXT) -> Field[str | None]:
    """Text; None when absent."""
    return Field(
        lambda value: value if isinstance(value, str) else None,
        lambda: None,
        f"text of at most {most} characters, or null",
        fits=lambda value: isinstance(value, str) and len(value) <= most,
    )


def choice(*names: str, default: str = "", required: bool = False) -> Field[str]:
    """One of some names. A stored name that is not among them is read as it is."""
    return Field(
        lambda value: value if isinstance(value, str) else None,
        lambda: default,
        f"one of {', '.join(names)}",
        fits=lambda value: isinstance(value, str) and value in names,
        required=required,
    )


def flag() -> Field[bool]:
    """True or false; false when absent."""
    return Field(lambda value: value if isinstance(value, bool) else None, bool, "true or false")


def whole(*, default: int = 0) -> Field[int]:
    """A whole number."""
    return Field(lambda value: value if type(value) is int else None, lambda: default, "a whole number")


def number() -> Field[float | None]:
    """A number; None when absent."""
    return Field(_number, lambda: None, "a number")


def reference(*, required: bool = False) -> Field[int | None]:
    """The id of another record or thing. Ids were also written as text: both are read."""
    return Field(_id, lambda: None, "the id of a record", required=required)


def identity(*, required: bool = False) -> Field[str | None]:
    """An id that other systems write as a number or as text; read as text."""
    return Field(_identity, lambda: None, "an id: text of 1 to 255 characters, or a number", required=required)


def items(*, required: bool = False) -> Field[list[Any]]:
    """A list; empty when absent."""
    return Field(lambda value: value if isinstance(value, list) else None, list, "a list", required=required)


def mapping(*, required: bool = False) -> Field[dict[str, Any]]:
    """An object; empty when absent."""
    return Field(lambda value: value if isinstance(value, dict) else None, dict, "an object", required=required)


def _number(value: JsonValue) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _id(value: JsonValue) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    return value if type(value) is int and 1 <= value <= MAX_ID else None


def _identity(value: JsonValue) -> str | None:
    if type(value) is int:
        return str(value)
    return value if isinstance(value, str) and 0 < len(value) <= 255 else None
