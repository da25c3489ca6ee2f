"""Grants in MongoDB, encrypted before they leave the process."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from application.access.connect_logins import Grant
from domain.kernel.clock import Clock
from integration.access.secrets_at_rest import Sealer
from integration.mongo.driver import MongoDriver, translating_outages

COLLECTION = "access_grants"
KEPT_FOR = timedelta(days=60)
"""How long a grant that can be refreshed is kept after its last refresh."""
_AT_HAND_SECONDS = 2.0
_MOST_AT_HAND = 1_000
_STORE = "the store of logins"


@dataclass(frozen=True, slots=True)
class StoredGrant:
    """Somebody's tokens; each login and each refresh makes another ``generation``."""

    username: str
    generation: str
    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: datetime
    lifetime_seconds: float

    @property
    def refreshable(self) -> bool:
        return self.refresh_token is not None


class StoredGrants:
    """Documents ``{_id: user name, sealed, generation, refreshable, access_expires_at, lifetime_seconds, expires_at}``.

    What was read is at hand for two seconds: every call to Connect asks.
    """

    def __init__(self, driver: MongoDriver, keys: Sequence[str], clock: Clock) -> None:
        self._grants = driver.collection(COLLECTION)
        self._sealer = Sealer(keys)
        self._clock = clock
        self._at_hand: dict[str, tuple[float, StoredGrant]] = {}

    async def prepare_async(self) -> None:
        """Create the index that lets grants go that are of no use any more."""
        with translating_outages(_STORE):
            await self._grants.create_index("expires_at", expireAfterSeconds=0)

    async def get_async(self, username: str, *, fresh: bool = False) -> StoredGrant | None:
        """Return somebody's grant; None when there is none, or it cannot be decrypted with the keys at hand."""
        kept = self._at_hand.get(username)
        if kept is not None and not fresh and time.monotonic() - kept[0] < _AT_HAND_SECONDS:
            return kept[1]
        with translating_outages(_STORE):
            document = await self._grants.find_one({"_id": username})
        found = None if document is None else self._opened(document)
        if found is None:
            self._at_hand.pop(username, None)
        else:
            self._keep(found)
        return found

    async def put_async(self, username: str, grant: Grant) -> None:
        """Keep the grant of a new login."""
        with translating_outages(_STORE):
            await self._grants.replace_one({"_id": username}, self._document(username, grant), upsert=True)
        self._at_hand.pop(username, None)

    async def put_unless_refreshable_async(self, username: str, grant: Grant) -> None:
        """Keep a grant in place of none, or of one that cannot be refreshed."""
        document = {"$literal": self._document(username, grant)}
        kept = {"$cond": [{"$eq": ["$refreshable", True]}, "$$ROOT", document]}
        with translating_outages(_STORE):
            await self._grants.update_one({"_id": username}, [{"$replaceWith": kept}], upsert=True)
        self._at_hand.pop(username, None)

    async def replace_async(self, before: StoredGrant, grant: Grant) -> StoredGrant | None:
        """Keep what a refresh brought, unless somebody logged in or out meanwhile; return what is kept."""
        same = {"_id": before.username, "generation": before.generation}
        with translating_outages(_STORE):
            await self._grants.replace_one(same, self._document(before.username, grant))
        return await self.get_async(before.username, fresh=True)

    async def remove_async(self, username: str, generation: str | None = None) -> None:
        """Forget a grant; one of a certain generation only if that is given."""
        self._at_hand.pop(username, None)
        which: dict[str, Any] = {"_id": username} | ({} if generation is None else {"generation": generation})
        with translating_outages(_STORE):
            await self._grants.delete_one(which)

    async def usernames_async(self, *, refreshable_only: bool = False) -> list[str]:
        """Return whose grants are usable, those that can be refreshed first."""
        lasting: dict[str, Any] = {"refreshable": True}
        usable = lasting if refreshable_only else {"$or": [lasting, {"access_expires_at": {"$gt": self._clock.now()}}]}
        with translating_outages(_STORE):
            found = await self._grants.find(usable, {"_id": 1}).sort([("refreshable", -1), ("_id", 1)]).to_list(None)
        return [str(one["_id"]) for one in found]

    def _document(self, username: str, grant: Grant) -> dict[str, Any]:
        tokens = {"access_token": grant.access_token, "refresh_token": grant.refresh_token}
        refreshable = grant.refresh_token is not None
        return {
            "_id": username,
            "generation": uuid4().hex,
            "sealed": self._sealer.seal(username, tokens),
            "refreshable": refreshable,
            "access_expires_at": grant.expires_at,
            "lifetime_seconds": grant.lifetime_seconds,
            "expires_at": self._clock.now() + KEPT_FOR if refreshable else grant.expires_at,
        }

    def _opened(self, document: dict[str, Any]) -> StoredGrant | None:
        username = str(document["_id"])
        tokens = self._sealer.open(username, document["sealed"])
        if tokens is None:
            return None
        return StoredGrant(
            username,
            document["generation"],
            **tokens,
            expires_at=document["access_expires_at"],
            lifetime_seconds=document["lifetime_seconds"],
        )

    def _keep(self, grant: StoredGrant) -> None:
        if len(self._at_hand) >= _MOST_AT_HAND:
            self._at_hand.clear()
        self._at_hand[grant.username] = (time.monotonic(), grant)
