"""Keys that are marked soon, together, and in the end."""

import asyncio
from collections.abc import Collection

import pytest

from domain.kernel.errors import UnavailableError
from integration.records.keys_to_mark import KeysToMark


class Marks:
    def __init__(self) -> None:
        self.marked: list[set[str]] = []
        self.is_dead = False

    async def mark_async(self, keys: Collection[str]) -> None:
        if self.is_dead:
            raise UnavailableError("no answer", 1.0)
        self.marked.append(set(keys))


async def test_what_comes_within_a_moment_is_marked_together() -> None:
    marks = Marks()
    keys = KeysToMark(marks.mark_async)
    keys.add({"a"})
    keys.add({"b", "a"})
    keys.add(())
    while not marks.marked:  # noqa: ASYNC110  # nothing tells
        await asyncio.sleep(0.01)
    assert marks.marked == [{"a", "b"}]
    await keys.stop_async()
    assert marks.marked == [{"a", "b"}]


async def test_a_flush_does_not_wait_for_the_moment_to_pass() -> None:
    marks = Marks()
    keys = KeysToMark(marks.mark_async)
    keys.add({"a"})
    await keys.flush_async()
    assert marks.marked == [{"a"}]
    await keys.flush_async()
    assert marks.marked == [{"a"}]


async def test_what_could_not_be_marked_still_waits() -> None:
    marks = Marks()
    keys = KeysToMark(marks.mark_async)
    marks.is_dead = True
    keys.add({"a"})
    with pytest.raises(UnavailableError):
        await keys.flush_async()
    await keys.stop_async()
    marks.is_dead = False
    await keys.flush_async()
    assert marks.marked == [{"a"}]


async def test_stopping_marks_what_waits() -> None:
    marks = Marks()
    keys = KeysToMark(marks.mark_async)
    keys.add({"a"})
    await keys.stop_async()
    assert marks.marked == [{"a"}]
