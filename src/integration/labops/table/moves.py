"""Waiting until something that moves has come far enough."""

import asyncio
from collections.abc import Callable


class Moves:
    """Wakes all who wait whenever it is told of a move. Belongs to one event loop."""

    def __init__(self) -> None:
        self._moved = asyncio.Event()

    def tell(self) -> None:
        """Something has moved."""
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def wait_async(self, holds: Callable[[], bool], timeout_seconds: float) -> bool:
        """Wait until a condition holds, which is looked at after each move; False when the time is over."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        while not holds():
            left = deadline - loop.time()
            if left <= 0:
                return False
            try:
                await asyncio.wait_for(self._moved.wait(), left)
            except TimeoutError:
                continue
        return True
