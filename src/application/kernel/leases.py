"""Exclusive, expiring leases: at most one holder across all processes."""

from abc import ABC, abstractmethod
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lease:
    """A held lease.

    Attributes:
        key: what is held.
        holder: who holds it.
        token: fencing token; grows by one with every acquisition, never repeats. A write that carries an older
            token than one already seen comes from a holder that lost its lease.
    """

    key: str
    holder: str
    token: int


class Leases(ABC):
    """Raises ``UnavailableError`` when the store does not answer."""

    @abstractmethod
    async def try_acquire_async(self, key: str, ttl_seconds: float) -> Lease | None:
        """Take a lease that is free or expired (the server's clock decides); None when another holds it."""

    @abstractmethod
    async def renew_async(self, lease: Lease, ttl_seconds: float) -> bool:
        """Prolong a lease; False when it was lost."""

    @abstractmethod
    async def release_async(self, lease: Lease) -> None:
        """Give a lease back; nothing happens when it was lost already."""

    @abstractmethod
    async def holder_async(self, key: str) -> str | None:
        """Return who holds a lease now; None when nobody does."""
