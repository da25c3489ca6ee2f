"""Pages of long lists, and the cursor that says where to go on."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

import orjson

from domain.kernel.errors import DomainError

T = TypeVar("T")
CursorValue = str | int | float | bool | datetime | None

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 200
_LONGEST = 2000
_INT64 = 1 << 63
"""What a database can hold. The digest is no secret, so a cursor may still hold anything that JSON can."""


class BadCursorError(DomainError):
    """A cursor was not made by us, or for another list than this one."""

    field = "cursor"
    rule = "is not one that this list has given; start again without it"

    def __init__(self) -> None:
        super().__init__(f"{self.field} {self.rule}")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list.

    Attributes:
        items: in the list's order, at most as many as asked for.
        next_cursor: where to go on; None at the end.
    """

    items: list[T]
    next_cursor: str | None = None


class Cursor:
    """Where a page ended, as opaque text.

    It holds plain values only, never anything a database could read as an operator, and a digest over them and the list
    they belong to: a cursor of one sort order or filter is refused by another. Nothing in it is secret.
    """

    @staticmethod
    def encode(values: Sequence[CursorValue], scope: str = "") -> str:
        """Return the cursor after an item.

        Args:
            values: the item's sort values, the last one unique.
            scope: what the list is, e.g. sort and filters as text; the same must be given to ``decode``.
        """
        body = orjson.dumps([{"at": value.isoformat()} if isinstance(value, datetime) else value for value in values])
        return base64.urlsafe_b64encode(_digest(body, scope) + body).rstrip(b"=").decode()

    @staticmethod
    def decode(text: str, scope: str = "") -> tuple[CursorValue, ...]:
        """Return the sort values of the item that the last page ended with.

        Raises:
            BadCursorError: the text is no cursor of this list.
        """
        try:
            if len(text) > _LONGEST:
                raise BadCursorError
            raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True)
            digest, body = raw[:8], raw[8:]
            if not hmac.compare_digest(digest, _digest(body, scope)):
                raise BadCursorError
            return tuple(_value(value) for value in orjson.loads(body))
        except (ValueError, TypeError, KeyError, OverflowError, UnicodeEncodeError, binascii.Error):
            raise BadCursorError from None


def one_text(values: tuple[CursorValue, ...]) -> str:
    """Return the only value of a cursor that holds one text.

    Raises:
        BadCursorError: it holds something else.
    """
    if len(values) != 1 or not isinstance(values[0], str):
        raise BadCursorError
    return values[0]


def newest_before(cursor: str | None, scope: str) -> tuple[datetime, str] | None:
    """Return the time and the id that a page of a list, newest first, ended with; None without a cursor.

    Raises:
        BadCursorError: the cursor is not one of this list.
    """
    if cursor is None:
        return None
    values = Cursor.decode(cursor, scope)
    if len(values) != 2 or not isinstance(values[0], datetime) or not isinstance(values[1], str):
        raise BadCursorError
    return values[0], values[1]


def _value(value: object) -> CursorValue:
    if isinstance(value, dict):
        return datetime.fromisoformat(value["at"]).astimezone(UTC)
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        raise BadCursorError
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise BadCursorError


def _digest(body: bytes, scope: str) -> bytes:
    return hashlib.sha256(scope.encode("utf-8", "replace") + b"\x00" + body).digest()[:8]
