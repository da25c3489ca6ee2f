"""One leader among all processes, at any moment at most one."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable

from pymongo.errors import PyMongoError

from domain.kernel.errors import UnavailableError
from integration.mongo.coordination.leases import MongoCoordinationBackend
from integration.mongo.coordination.neuroglia_coordination import LeaderElection, LeaderElectionConfig

_log = logging.getLogger(__name__)

Callback = Callable[[], Awaitable[None] | None]
_BACKEND_FAILURES = (UnavailableError, PyMongoError, TimeoutError)


class MongoLeaderElection(LeaderElection):
    """neuroglia's election, with a leader that knows when it no longer leads.

    It steps down when its lease was not renewed within the lease's duration by the monotonic clock, or when the backend
    fails; what it does as leader runs as a task beside the renewals and is cancelled, and awaited, before the lease is
    given back.
    """

    def __init__(self, backend: MongoCoordinationBackend, config: LeaderElectionConfig) -> None:
        if config.renew_interval >= config.lease_duration:
            raise ValueError(f"a lease of {config.lease_duration} runs out before {config.renew_interval} have passed")
        super().__init__(backend, config)
        self._fenced_backend = backend
        self._key = f"leases:{config.lease_name}"
        self._duration_seconds = config.lease_duration.total_seconds()
        self._stop_requested = asyncio.Event()
        self._token: int | None = None
        self._leads_until = 0.0

    @property
    def fencing_token(self) -> int | None:
        """Token of the present term, larger in each term; None while another leads."""
        return self._token if self.is_leader() else None

    def is_leader(self) -> bool:
        """Tell whether this process leads, also right after the event loop stood still for long."""
        return self._is_leader and asyncio.get_running_loop().time() < self._leads_until

    def get_leader_identity(self) -> str | None:
        return self.config.identity if self.is_leader() else None

    async def run(self, on_started_leading: Callback, on_stopped_leading: Callback) -> None:
        """Take part until :meth:`stop`.

        Args:
            on_started_leading: runs as a task in each term. Returning early is fine, the term goes on; raising ends it.
            on_stopped_leading: called at the end of each term, after that task has ended.
        """
        self._running = True
        try:
            while not self._stop_requested.is_set():
                if await self._try_to_win_async():
                    await self._lead_async(on_started_leading, on_stopped_leading)
                await self._pause_async(self.config.retry_period.total_seconds())
        finally:
            self._running = False
            self._stop_requested.clear()

    async def stop(self) -> None:
        """Make :meth:`run` end at once; it still steps down in order."""
        self._stop_requested.set()

    async def _try_to_win_async(self) -> bool:
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        try:
            async with asyncio.timeout(self._duration_seconds):
                self._token = await self._fenced_backend.acquire_fenced_async(
                    self._key, self.config.identity, self._duration_seconds
                )
        except _BACKEND_FAILURES as error:
            _log.warning("election %s: no answer: %s", self.config.lease_name, error)
            return False
        self._leads_until = asked_at + self._duration_seconds
        return self._token is not None

    async def _lead_async(self, on_started_leading: Callback, on_stopped_leading: Callback) -> None:
        self._is_leader = True
        _log.info("election %s: won, term %s", self.config.lease_name, self._token)
        work = asyncio.create_task(_call_async(on_started_leading), name=f"leader of {self.config.lease_name}")
        try:
            await self._renew_until_lost_async(work)
        finally:
            self._is_leader = False
            work.cancel()
            await self._end_async(work)
            _log.info("election %s: term %s ended", self.config.lease_name, self._token)
            await self._end_async(asyncio.create_task(_call_async(on_stopped_leading)))
            await self._give_back_async()

    async def _end_async(self, work: "asyncio.Task[None]") -> None:
        """Wait for a callback's end; its failure is logged and ends no more than the term."""
        await asyncio.wait([work])
        if not work.cancelled() and (failure := work.exception()) is not None:
            _log.error("election %s: a callback failed", self.config.lease_name, exc_info=failure)

    async def _renew_until_lost_async(self, work: "asyncio.Task[None]") -> None:
        loop = asyncio.get_running_loop()
        while not self._stop_requested.is_set():
            await self._pause_async(self.config.renew_interval.total_seconds(), unless_failed=work)
            if self._stop_requested.is_set() or _has_failed(work):
                return
            asked_at = loop.time()
            try:
                async with asyncio.timeout_at(self._leads_until):
                    if not await self._fenced_backend.renew_lease(
                        self._key, self.config.identity, self._duration_seconds
                    ):
                        _log.warning("election %s: the lease was lost", self.config.lease_name)
                        return
            except _BACKEND_FAILURES as error:
                _log.warning("election %s: not renewed: %s", self.config.lease_name, repr(error))
                return
            self._leads_until = asked_at + self._duration_seconds

    async def _give_back_async(self) -> None:
        try:
            async with asyncio.timeout(self._duration_seconds):
                await self._fenced_backend.release_lease(self._key, self.config.identity)
        except _BACKEND_FAILURES:
            _log.info("election %s: the lease could not be given back; it runs out by itself", self.config.lease_name)

    async def _pause_async(self, seconds: float, unless_failed: "asyncio.Task[None] | None" = None) -> None:
        """Wait so long, or until a stop is asked for, or until the leader's work has failed."""
        stop = asyncio.create_task(self._stop_requested.wait())
        watched: set[asyncio.Task[None]] = {unless_failed} if unless_failed and not unless_failed.done() else set()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        try:
            while (left := deadline - loop.time()) > 0 and not stop.done():
                done, _ = await asyncio.wait({stop, *watched}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                if any(_has_failed(task) for task in watched & done):
                    return
                watched -= done
        finally:
            stop.cancel()


def _has_failed(work: "asyncio.Task[None]") -> bool:
    return work.done() and (work.cancelled() or work.exception() is not None)


async def _call_async(callback: Callback) -> None:
    result = callback()
    if inspect.isawaitable(result):
        await result
