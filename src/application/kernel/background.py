"""Work that goes on after its request was answered, and is not forgotten when the application stops."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog
from neuroglia.hosting.abstractions import HostedService

log = structlog.get_logger(__name__)

GRACE_SECONDS = 20.0


class BackgroundWork(HostedService):
    """Keeps hold of background tasks; at the end they may finish for a while before they are cancelled."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run work in the background. What it raises is logged."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def start_async(self) -> None:
        """Nothing to do: work starts when it is asked for."""

    async def stop_async(self) -> None:
        """Let tasks finish, then cancel what is left."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=GRACE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background_work_failed", work=task.get_name(), exc_info=error)
