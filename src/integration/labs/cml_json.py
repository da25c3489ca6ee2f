"""JSON of controllers that holds half a surrogate pair, such as a title that was cut inside an emoji.

The fast parser refuses the whole document for it, as no such text can be stored. Here only the text itself is given up,
so that one lab is unreadable and the others are not.
"""

import json
import re
from typing import NoReturn

_is_suspect = re.compile(rb"\\u[dD][89a-fA-F]").search


class UnreadableText:
    """Stands where half a surrogate pair was: not a text, nor anything else that a lab may hold."""


_UNREADABLE = UnreadableText()


def read_despite_half_pairs(body: bytes) -> object | None:
    """Return a document with each text that holds half a surrogate pair replaced by an ``UnreadableText``.

    Returns:
        None when the document is no JSON for other reasons too, or holds no such text.
    """
    if _is_suspect(body) is None:
        return None
    try:
        return _replaced(json.loads(body.decode(), parse_constant=_refuse))
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _replaced(value: object) -> object:
    if type(value) is dict:
        return {_key(name): _replaced(member) for name, member in value.items()}
    if type(value) is list:
        return [_replaced(member) for member in value]
    return value if type(value) is not str or _is_storable(value) else _UNREADABLE


def _key(name: str) -> str:
    return name if _is_storable(name) else name.encode("utf-8", "replace").decode()


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
