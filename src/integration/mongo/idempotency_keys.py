"""Idempotency keys in MongoDB: one document per key, gone a day later."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from pymongo.errors import DuplicateKeyError

from application.kernel.idempotency import Claim, ClaimOutcome, IdempotencyKeys, StoredAnswer
from domain.kernel.clock import Clock, SystemClock
from integration.mongo.driver import MongoDocument, MongoDriver, translating_outages

COLLECTION = "idempotency_keys"


class MongoIdempotencyKeys(IdempotencyKeys):
    """Documents ``{_id: key, fingerprint, token, locked_until, answer?, expires_at}``.

    A claim lapses after ``lock``: its process may have died. The request that takes it over appends under the same
    command id, so that even a holder that was only slow does no harm.
    """

    def __init__(
        self,
        driver: MongoDriver,
        clock: Clock | None = None,
        keep_for: timedelta = timedelta(hours=24),
        lock: timedelta = timedelta(seconds=15),
    ) -> None:
        self._keys = driver.collection(COLLECTION)
        self._clock = clock or SystemClock()
        self._keep_for = keep_for
        self._lock = lock

    async def prepare_async(self) -> None:
        """Create the index that lets old keys go."""
        with translating_outages():
            await self._keys.create_index("expires_at", expireAfterSeconds=0)

    async def claim_async(self, key: str, fingerprint: str) -> Claim:
        now = self._clock.now()
        claim = self._new_claim(fingerprint, now)
        with translating_outages():
            try:
                await self._keys.insert_one({"_id": key, **claim})
            except DuplicateKeyError:
                return await self._claim_existing_async(key, fingerprint, claim, now)
        return Claim(ClaimOutcome.CLAIMED, claim["token"])

    async def _claim_existing_async(self, key: str, fingerprint: str, claim: MongoDocument, now: datetime) -> Claim:
        found = await self._keys.find_one({"_id": key})
        expired = found is None or found["expires_at"] <= now
        if found is not None and not expired:
            if found["fingerprint"] != fingerprint:
                return Claim(ClaimOutcome.OTHER_REQUEST)
            if found.get("answer") is not None:
                return Claim(ClaimOutcome.ANSWERED, answer=_answer(found["answer"]))
            if found["locked_until"] > now:
                return Claim(ClaimOutcome.RUNNING)
        if found is None:
            return Claim(ClaimOutcome.RUNNING)
        taken = await self._keys.replace_one({"_id": key, "token": found["token"]}, claim)
        return Claim(ClaimOutcome.CLAIMED, claim["token"]) if taken.matched_count else Claim(ClaimOutcome.RUNNING)

    async def keep_async(self, key: str, token: str, answer: StoredAnswer) -> None:
        stored = {"status": answer.status, "headers": answer.headers, "body": answer.body}
        with translating_outages():
            await self._keys.update_one({"_id": key, "token": token}, {"$set": {"answer": stored}})

    async def release_async(self, key: str, token: str) -> None:
        with translating_outages():
            await self._keys.delete_one({"_id": key, "token": token, "answer": None})

    def _new_claim(self, fingerprint: str, now: datetime) -> MongoDocument:
        return {
            "fingerprint": fingerprint,
            "token": uuid4().hex,
            "locked_until": now + self._lock,
            "expires_at": now + self._keep_for,
        }


def _answer(stored: dict[str, Any]) -> StoredAnswer:
    return StoredAnswer(stored["status"], stored["headers"], bytes(stored["body"]))
