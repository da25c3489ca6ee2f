"""The parameters that every paged list takes."""

from typing import Annotated

from fastapi import Query

from application.kernel.paging import DEFAULT_LIMIT, LARGEST_LIMIT

Limit = Annotated[int, Query(ge=1, le=LARGEST_LIMIT, description="How many items a page has at most.")]
"""Use as ``limit: Limit = DEFAULT_LIMIT``."""

CursorParameter = Annotated[
    str | None, Query(max_length=2000, description="Where to go on: `next_cursor` of the page before.")
]
"""Use as ``cursor: CursorParameter = None``."""

__all__ = ["DEFAULT_LIMIT", "CursorParameter", "Limit"]
