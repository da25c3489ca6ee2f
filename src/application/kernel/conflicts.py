"""Deciding again when somebody else was faster, for callers who named no version."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from neuroglia.data.exceptions import OptimisticConcurrencyException

T = TypeVar("T")
MOST_TRIES = 25


async def deciding_again_async(
    attempt: Callable[[], Awaitable[T]], *, tries: int = MOST_TRIES, spread: Callable[[], float] = random.random
) -> T:
    """Run a load-decide-save again after each lost race, with short growing pauses.

    Args:
        attempt: loads afresh each time.

    Raises:
        OptimisticConcurrencyException: the last try lost as well.
    """
    for number in range(1, tries):
        try:
            return await attempt()
        except OptimisticConcurrencyException:
            await asyncio.sleep(spread() * min(0.005 * 2**number, 0.1))
    return await attempt()
