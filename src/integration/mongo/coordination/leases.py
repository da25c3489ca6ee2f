"""Leases in MongoDB: the server's clock decides, and a fencing token tells a late holder from the present one.

Document of the collection ``leases``: ``{_id: key, holder: text or null, token: int, expires_at: time}``. It is never
removed, so that tokens never repeat.
"""

import os
import socket
import uuid
from contextlib import suppress
from datetime import UTC, datetime

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from application.kernel.leases import Lease, Leases
from integration.mongo.coordination.neuroglia_coordination import CoordinationBackend
from integration.mongo.driver import MongoDocument, MongoDriver, translating_outages

COLLECTION = "leases"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_EXPIRED = {"$lte": ["$expires_at", "$$NOW"]}
_LIVE = {"$gt": ["$expires_at", "$$NOW"]}


def name_of_this_process() -> str:
    """Return a holder's name that no other process has: host, process id and something random."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


class MongoLeases(Leases):
    """Leases for parts of this process. Two parts exclude each other like two processes do."""

    def __init__(self, driver: MongoDriver, holder: str | None = None) -> None:
        self._documents = _LeaseDocuments(driver)
        self._holder = holder or name_of_this_process()

    async def try_acquire_async(self, key: str, ttl_seconds: float) -> Lease | None:
        token = await self._documents.acquire_async(key, self._holder, ttl_seconds, _EXPIRED)
        return None if token is None else Lease(key, self._holder, token)

    async def renew_async(self, lease: Lease, ttl_seconds: float) -> bool:
        held = {"_id": lease.key, "holder": lease.holder, "token": lease.token}
        return await self._documents.renew_async(held, ttl_seconds)

    async def release_async(self, lease: Lease) -> None:
        await self._documents.release_async({"_id": lease.key, "holder": lease.holder, "token": lease.token})

    async def holder_async(self, key: str) -> str | None:
        return await self._documents.holder_async(key)


class MongoCoordinationBackend(CoordinationBackend):
    """neuroglia's coordination port on the same leases; whoever gives the same identity is the same holder.

    Raises ``UnavailableError`` when MongoDB does not answer.
    """

    def __init__(self, driver: MongoDriver) -> None:
        self._documents = _LeaseDocuments(driver)

    async def acquire_fenced_async(self, key: str, holder_identity: str, ttl_seconds: float) -> int | None:
        """Take a lease that is free, expired or one's own; returns its fencing token, None when another holds it."""
        free_or_own = {"$or": [_EXPIRED, {"$eq": ["$holder", {"$literal": holder_identity}]}]}
        return await self._documents.acquire_async(key, holder_identity, ttl_seconds, free_or_own)

    async def acquire_lease(self, key: str, holder_identity: str, ttl_seconds: float) -> bool:
        return await self.acquire_fenced_async(key, holder_identity, ttl_seconds) is not None

    async def renew_lease(self, key: str, holder_identity: str, ttl_seconds: float) -> bool:
        return await self._documents.renew_async({"_id": key, "holder": holder_identity}, ttl_seconds)

    async def release_lease(self, key: str, holder_identity: str) -> bool:
        return await self._documents.release_async({"_id": key, "holder": holder_identity})

    async def get_lease_holder(self, key: str) -> str | None:
        return await self._documents.holder_async(key)


class _LeaseDocuments:
    def __init__(self, driver: MongoDriver) -> None:
        self._leases = driver.collection(COLLECTION)

    async def acquire_async(self, key: str, holder: str, ttl_seconds: float, when: MongoDocument) -> int | None:
        take = {
            "holder": {"$literal": holder},
            "token": {"$add": ["$token", 1]},
            "expires_at": _after(ttl_seconds),
        }
        with translating_outages():
            for attempt in ("seeded before", "seeded now"):
                taken = await self._leases.find_one_and_update(
                    {"_id": key, "$expr": when}, [{"$set": take}], return_document=ReturnDocument.AFTER
                )
                if taken is not None:
                    return int(taken["token"])
                if attempt == "seeded now" or not await self._seed_async(key):
                    return None
        return None

    async def _seed_async(self, key: str) -> bool:
        """Make a free lease when there is none yet, because an upsert refuses $expr. False: it was there all along."""
        if await self._leases.find_one({"_id": key}, {"_id": 1}) is not None:
            return False
        with suppress(DuplicateKeyError):  # another process seeded it first; both race for it now
            await self._leases.insert_one({"_id": key, "holder": None, "token": 0, "expires_at": _LONG_AGO})
        return True

    async def renew_async(self, held: MongoDocument, ttl_seconds: float) -> bool:
        with translating_outages():
            renewed = await self._leases.update_one(
                {**held, "$expr": _LIVE}, [{"$set": {"expires_at": _after(ttl_seconds)}}]
            )
        return renewed.matched_count == 1

    async def release_async(self, held: MongoDocument) -> bool:
        with translating_outages():
            released = await self._leases.update_one(
                {**held, "$expr": _LIVE}, [{"$set": {"holder": None, "expires_at": _LONG_AGO}}]
            )
        return released.matched_count == 1

    async def holder_async(self, key: str) -> str | None:
        with translating_outages():
            found = await self._leases.find_one({"_id": key, "$expr": _LIVE})
        return found["holder"] if found else None


def _after(ttl_seconds: float) -> MongoDocument:
    if ttl_seconds <= 0:
        raise ValueError(f"a lease cannot last {ttl_seconds} s")
    return {"$dateAdd": {"startDate": "$$NOW", "unit": "millisecond", "amount": max(1, round(ttl_seconds * 1000))}}
