"""One after another within this process, by name."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class _Lock:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Turns:
    """Locks by name, each for as long as somebody needs it."""

    def __init__(self) -> None:
        self._locks: dict[str, _Lock] = {}

    @asynccontextmanager
    async def of(self, names: Iterable[str]) -> AsyncIterator[None]:
        """Let nobody else in who names one of the same things."""
        async with AsyncExitStack() as stack:
            for name in sorted(set(names)):
                held = self._locks.setdefault(name, _Lock())
                held.users += 1
                stack.callback(self._let_go, name)
                await stack.enter_async_context(held.lock)
            yield

    def _let_go(self, name: str) -> None:
        held = self._locks[name]
        held.users -= 1
        if not held.users:
            del self._locks[name]
