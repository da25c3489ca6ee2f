"""Holds a lease for as long as a block of work lasts."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from application.kernel.leases import Lease, Leases
from domain.kernel.errors import UnavailableError

_log = logging.getLogger(__name__)


class HeldLease:
    """A lease that is renewed in the background.

    Attributes:
        lost: set as soon as the lease is lost or can no longer be known to be held. Whoever works under it stops then.
    """

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self.lost = asyncio.Event()

    @property
    def key(self) -> str:
        """What it is a lease of, e.g. ``job:labs-refresh``."""
        return self._lease.key

    @property
    def token(self) -> int:
        """Fencing token, for writes that must refuse an earlier holder."""
        return self._lease.token

    async def keep_async(self, leases: Leases, ttl_seconds: float, held_until: float) -> None:
        """Renew until the lease is lost. ``held_until`` is on the loop's monotonic clock."""
        now = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(min(ttl_seconds / 3, max(held_until - now(), 0)))
            asked_at = now()
            try:
                async with asyncio.timeout_at(held_until):
                    if not await leases.renew_async(self._lease, ttl_seconds):
                        break
                held_until = asked_at + ttl_seconds
            except UnavailableError:
                await asyncio.sleep(min(ttl_seconds / 10, max(held_until - now(), 0)))
            except TimeoutError:
                break
            if now() >= held_until:
                break
        _log.warning("lease %s with token %s is lost", self.key, self.token)
        self.lost.set()


@asynccontextmanager
async def holding(leases: Leases, key: str, ttl_seconds: float) -> AsyncIterator[HeldLease | None]:
    """Hold a lease in an ``async with`` block and give it back at its end; None when another holds it.

    Raises:
        UnavailableError: the store did not answer when the lease was asked for.
    """
    asked_at = asyncio.get_running_loop().time()
    lease = await leases.try_acquire_async(key, ttl_seconds)
    if lease is None:
        yield None
        return
    held = HeldLease(lease)
    keeper = asyncio.create_task(held.keep_async(leases, ttl_seconds, asked_at + ttl_seconds), name=f"keep lease {key}")
    # A surprise in the keeper ends the renewals, so that the lease is as good as lost.
    keeper.add_done_callback(lambda _: held.lost.set())
    try:
        yield held
    finally:
        keeper.cancel()
        await asyncio.wait([keeper])
        if not keeper.cancelled() and (failure := keeper.exception()) is not None:
            _log.error("lease %s could not be renewed", key, exc_info=failure)
        await _release_async(leases, lease, ttl_seconds)


async def _release_async(leases: Leases, lease: Lease, ttl_seconds: float) -> None:
    try:
        async with asyncio.timeout(ttl_seconds):
            await leases.release_async(lease)
    except (UnavailableError, TimeoutError):
        _log.info("lease %s could not be given back; it runs out by itself", lease.key)
