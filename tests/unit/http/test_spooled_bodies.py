"""Answers that are kept in a file: whole, from the beginning, and never larger than allowed."""

from collections.abc import AsyncIterator

import pytest

from integration.http.errors import UpstreamAnswerError
from integration.http.spooled_body import IN_MEMORY_BYTES, spooled_async


async def parts(sizes: list[int]) -> AsyncIterator[bytes]:
    for number, size in enumerate(sizes):
        yield bytes([number % 256]) * size


@pytest.mark.parametrize("sizes", [[], [0], [1, 2, 3], [IN_MEMORY_BYTES, 1], [70_001] * 40])
async def test_everything_that_came_is_in_the_file(sizes: list[int]) -> None:
    with await spooled_async(parts(sizes), "http://c/x/", sum(sizes)) as file:
        assert file.read() == b"".join([part async for part in parts(sizes)])


async def test_more_than_allowed_is_refused() -> None:
    with pytest.raises(UpstreamAnswerError, match="larger than 5 bytes"):
        await spooled_async(parts([3, 3]), "http://c/x/", 5)
