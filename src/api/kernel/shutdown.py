"""Telling endless answers that the application is about to stop."""

import asyncio
from typing import Any

import uvicorn


class Shutdown:
    """Begins once. Streams end by themselves when it does, so that nobody waits for them."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()

    @property
    def begun(self) -> bool:
        return self._begun.is_set()

    def begin(self) -> None:
        """Say that the application stops."""
        self._begun.set()

    async def wait_async(self) -> None:
        """Wait until it does."""
        await self._begun.wait()


class LabkeeperServer(uvicorn.Server):
    """uvicorn, which waits for open connections before it ends the application: they are told first."""

    async def shutdown(self, sockets: list[Any] | None = None) -> None:
        app: Any = self.config.loaded_app
        while app is not None and not hasattr(app, "state"):
            app = getattr(app, "app", None)
        told = getattr(getattr(app, "state", None), "shutdown", None)
        if isinstance(told, Shutdown):
            told.begin()
        await super().shutdown(sockets)
