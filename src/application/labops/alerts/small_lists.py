"""Pages of lists that are small enough to be looked at as a whole."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from application.kernel.paging import BadCursorError, Cursor, Page

T = TypeVar("T")


def page_of(
    items: Sequence[T], order: Callable[[T], tuple[float, str]], limit: int, cursor: str | None, scope: str
) -> Page[T]:
    """Return a page of items in the order of (time, id).

    Raises:
        BadCursorError: the cursor is not one of this list.
    """
    after: tuple[float, str] | None = None
    if cursor is not None:
        values = Cursor.decode(cursor, scope)
        if len(values) != 2 or not isinstance(values[0], int | float) or not isinstance(values[1], str):
            raise BadCursorError
        after = values[0], values[1]
    rest = sorted((item for item in items if after is None or order(item) > after), key=order)
    page = rest[:limit]
    return Page(page, Cursor.encode(order(page[-1]), scope) if len(rest) > len(page) else None)
