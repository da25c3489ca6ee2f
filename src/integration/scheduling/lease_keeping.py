"""Holding a lease for as long as a job runs."""

import asyncio

from application.kernel.leases import Lease, Leases
from domain.kernel.errors import UnavailableError


async def until_lost_async(leases: Leases, lease: Lease, ttl_seconds: float, taken_at: float) -> str:
    """Renew a lease until it is lost; return why. To be cancelled when the lease is needed no longer.

    A store that gives no answer counts as loss a sixth of the time before the lease runs out: the job must have
    stopped by the time another process may start it.

    Args:
        ttl_seconds: how long each renewal lasts.
        taken_at: the event loop's time just before the lease was asked for.
    """
    loop = asyncio.get_running_loop()
    margin = ttl_seconds / 6
    ours_until = taken_at + ttl_seconds - margin
    pause = ttl_seconds / 3
    while True:
        await asyncio.sleep(min(pause, max(0.0, ours_until - loop.time())))
        asked_at = loop.time()
        try:
            async with asyncio.timeout_at(ours_until):
                renewed = await leases.renew_async(lease, ttl_seconds)
        except (UnavailableError, TimeoutError):
            if loop.time() >= ours_until:
                return "its lease could not be renewed in time"
            pause = ttl_seconds / 15
            continue
        if not renewed:
            return "another process holds its lease"
        ours_until = asked_at + ttl_seconds - margin
        pause = ttl_seconds / 3
