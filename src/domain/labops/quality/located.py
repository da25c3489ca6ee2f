"""Values of a rules file that know where they stand in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None

MOST_LEVELS = 12
"""How deep values may lie in each other; no rule needs more than five."""


UNSTORABLE = "must not contain NUL characters or lone surrogates"
_unstorable = re.compile(r"[\x00\ud800-\udfff]").search


def is_storable(text: str) -> bool:
    """Tell whether a text can be kept, and told again."""
    return _unstorable(text) is None


@dataclass(frozen=True, slots=True)
class Located:
    """One value of a rules file.

    Attributes:
        value: a mapping or a list of located values, or a scalar.
        line: on which it begins, from 1; None when it did not come from a text with lines.
        text: a scalar as it was written, e.g. ``yes`` where the value is True.
        key_lines: of a mapping, the line of each key.
    """

    value: "dict[str, Located] | list[Located] | Scalar"
    line: int | None = None
    text: str = ""
    key_lines: Mapping[str, int | None] = field(default_factory=dict)


def located(value: Any, level: int = 0) -> Located:
    """Return plain data, such as JSON gives, as values without lines.

    Raises:
        ValueError: they are nested too deep, or something in them is no data.
    """
    if level > MOST_LEVELS:
        raise ValueError(f"must not be nested deeper than {MOST_LEVELS} levels")
    texts = (value,) if isinstance(value, str) else value if isinstance(value, dict) else ()
    if not all(is_storable(str(text)) for text in texts):
        raise ValueError(UNSTORABLE)
    if isinstance(value, dict):
        return Located({str(name): located(item, level + 1) for name, item in value.items()})
    if isinstance(value, list):
        return Located([located(item, level + 1) for item in value])
    if value is None or isinstance(value, str | int | float | bool):
        return Located(value, text=_written(value))
    raise ValueError(f"must not hold a {type(value).__name__}")


def _written(value: Scalar) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def plain(node: Located) -> Any:
    """Return the data without where they stood."""
    if isinstance(node.value, dict):
        return {name: plain(item) for name, item in node.value.items()}
    if isinstance(node.value, list):
        return [plain(item) for item in node.value]
    return node.value
