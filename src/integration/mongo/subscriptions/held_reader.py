"""The life of a durable reader: wait for the lease, work while it is held, start over after an outage."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable
from typing import TypeVar

import structlog

from application.kernel.lease_keeper import HeldLease, holding
from application.kernel.leases import Leases
from domain.kernel.errors import UnavailableError
from integration.mongo.subscriptions.checkpoints import CheckpointMovedError

log = structlog.get_logger(__name__)

T = TypeVar("T")
LEASE_SECONDS = 10.0
CANDIDATE_PAUSE_SECONDS = 2.0


class HeldReader(ABC):
    """Runs ``work_async`` in at most one process at a time.

    Attributes:
        name: of the subscription or read model; the lease is ``subscription:<name>``.
        log: name of the log that it reads.
        failure: why it does not get on, None when all is well, or when another process does the reading: what that one
            meets is its own to tell.
        position: how far it has read; None while another process does the reading.
    """

    def __init__(self, name: str, log_name: str, leases: Leases) -> None:
        self.name = name
        self.log = log_name
        self.failure: str | None = None
        self.position: int | None = None
        self._leases = leases
        self._stopping = asyncio.Event()
        self._idle: asyncio.Timeout | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def lease_key(self) -> str:
        return f"subscription:{self.name}"

    def start(self) -> None:
        """Begin to compete for the lease."""
        self._stopping.clear()
        self._task = asyncio.create_task(self._run(), name=self.lease_key)

    async def stop_async(self, grace_seconds: float = 10.0) -> None:
        """Finish the event or batch at hand, then let go of the lease."""
        self._stopping.set()
        if self._idle is not None and not self._idle.expired():
            self._idle.reschedule(asyncio.get_running_loop().time())
        if self._task is not None:
            _, late = await asyncio.wait([self._task], timeout=grace_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @abstractmethod
    async def work_async(self, held: HeldLease) -> None:
        """Read on until ``should_stop`` says so."""

    def should_stop(self, held: HeldLease) -> bool:
        """Tell whether to stop: the application ends, or another process has the lease."""
        return self._stopping.is_set() or held.lost.is_set()

    async def unless_stopping_async(self, work_comes: Awaitable[T]) -> T | None:
        """Wait for work; None as soon as the reader is to stop, which cancels the wait."""
        idle = self._idle = asyncio.timeout(0 if self._stopping.is_set() else None)
        try:
            async with idle:
                return await work_comes
        except TimeoutError:
            if not idle.expired():
                raise
            return None
        finally:
            self._idle = None

    async def _run(self) -> None:
        pause = 0.1
        while not self._stopping.is_set():
            try:
                async with holding(self._leases, self.lease_key, LEASE_SECONDS) as held:
                    pause = 0.1
                    if held is not None:
                        try:
                            await self.work_async(held)
                        finally:
                            self.position = None
                        continue
                self.failure = None
                await self._pause_async(CANDIDATE_PAUSE_SECONDS)
            except CheckpointMovedError:
                log.info("reader_was_overtaken", subscription=self.name)
            except UnavailableError as error:
                self.failure = str(error)
                await self._pause_async(pause)
                pause = min(pause * 2, 5.0)
            except Exception as error:  # process edge: a reader must come back whatever happened
                self.failure = f"{type(error).__name__}: {error}"
                log.exception("reader_failed", subscription=self.name)
                await self._pause_async(pause)
                pause = min(pause * 2, 5.0)

    async def _pause_async(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return
