"""Values that Python wrote down: read without running anything."""

import ast
import json
import re
from typing import Any, NoReturn

MAX_CHARACTERS = 8 * 1024 * 1024
MAX_DEPTH = 64
_TEXTS = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_SCALARS = (str, int, float, bool, type(None))


class UnreadableLiteralError(ValueError):
    """It is neither JSON nor a literal, or larger or deeper than anything that is expected."""


def read_value(text: str) -> Any:
    """Return the value that a text stands for: JSON if it is JSON, else a Python literal.

    Tuples become lists; keys that are no text become text as JSON writes them.

    Raises:
        UnreadableLiteralError: it is neither, too long or too deep.
    """
    if len(text) > MAX_CHARACTERS:
        raise UnreadableLiteralError("too long")
    # Both readers recurse; the depth is looked at before they are let near the text.
    _check_depth(text)
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        pass
    try:
        return _plain(ast.literal_eval(text.strip()))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise UnreadableLiteralError("neither JSON nor a literal") from error


def _check_depth(text: str) -> None:
    depth = 0
    for bracket in re.findall(r"[\[\](){}]", _TEXTS.sub("", text)):
        depth += 1 if bracket in "[({" else -1
        if depth > MAX_DEPTH:
            raise UnreadableLiteralError("too deep")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_key(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, _SCALARS):
        return value
    raise UnreadableLiteralError(f"{type(value).__name__} is nothing that JSON knows")


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, _SCALARS):
        return json.dumps(key)
    raise UnreadableLiteralError("a key is no text")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
