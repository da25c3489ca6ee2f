"""Pages of lists that are at hand as a whole."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from application.kernel.paging import BadCursorError, Cursor, CursorValue, Page

T = TypeVar("T")


def page_of(
    items: Sequence[T], key: Callable[[T], tuple[CursorValue, ...]], scope: str, limit: int, cursor: str | None
) -> Page[T]:
    """Return a page of a sorted list.

    Args:
        key: what the list is sorted by, unique, of the same types for all.
        scope: what the list is; a cursor of another one is refused.

    Raises:
        BadCursorError: the cursor is not of this list.
    """
    if cursor is not None:
        after = Cursor.decode(cursor, scope)
        try:
            items = [item for item in items if key(item) > after]
        except TypeError:
            raise BadCursorError from None
    page = list(items[:limit])
    return Page(page, Cursor.encode(key(page[-1]), scope) if len(items) > limit else None)
