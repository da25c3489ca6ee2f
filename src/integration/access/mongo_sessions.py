"""Sessions of browsers in MongoDB."""

from collections.abc import Collection
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any

from application.access.connect_logins import Person, Sessions
from application.contracts.labs_context import LabsContext
from application.kernel.sign_in import SignedIn
from domain.kernel.clock import Clock
from integration.access.secrets_at_rest import name_of
from integration.access.session_ends import SessionEnds
from integration.mongo.driver import MongoDriver, answering_within, translating_outages

COLLECTION = "access_sessions"
IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=14)
_TOUCHED_AGAIN = timedelta(minutes=1)
_STORE = "the session store"
_PATIENCE_SECONDS = 3.0
"""Every request of a browser asks: a page that says that there is no answer is better than one that never comes."""
_CONTEXT = ("opportunity_id", "program_id", "organization_id")


class MongoSessions(Sessions):
    """Documents ``{_id: hash of the secret, username, name, email, context, role, opened_at, ends_at,
    expires_at}``.

    ``expires_at`` moves on with use, up to ``ends_at``. The secret itself is nowhere but in the browser.
    """

    def __init__(
        self, driver: MongoDriver, clock: Clock, idle: timedelta = IDLE, absolute: timedelta = ABSOLUTE
    ) -> None:
        self._sessions = driver.collection(COLLECTION)
        self._clock = clock
        self._idle = idle
        self._absolute = absolute
        self._ends = SessionEnds(self._live_of_async)

    async def prepare_async(self) -> None:
        """Create the indexes: old sessions go by themselves, a person's are found."""
        with translating_outages(_STORE):
            await self._sessions.create_index("expires_at", expireAfterSeconds=0)
            await self._sessions.create_index("username")

    async def open_async(self, person: Person, role: str | None = None, ends_at: datetime | None = None) -> str:
        secret, now = token_urlsafe(32), self._clock.now()
        last = now + self._absolute if ends_at is None else min(now + self._absolute, ends_at)
        document = {
            "_id": name_of(secret),
            "username": person.username,
            "name": person.name,
            "email": person.email,
            "context": [None, None, None],
            "opened_at": now,
            "role": role,
            "ends_at": last,
            "expires_at": min(now + self._idle, last),
        }
        with translating_outages(_STORE):
            await self._sessions.insert_one(document)
        return secret

    async def holder_async(self, secret: str) -> SignedIn | None:
        found = await self._live_async(name_of(secret))
        if found is None:
            return None
        await self._touch_async(found)
        ends_at: datetime = found["ends_at"]
        context = tuple(found["context"])
        return SignedIn(
            found["username"], ends_at.timestamp(), session_key=found["_id"], context=context, role=found.get("role")
        )

    async def person_async(self, session_key: str) -> Person | None:
        found = await self._live_async(session_key)
        return None if found is None else Person(found["username"], found["name"], found["email"])

    async def choose_context_async(self, session_key: str, context: LabsContext) -> None:
        values = [getattr(context, name) for name in _CONTEXT]
        with translating_outages(_STORE):
            await self._sessions.update_one({"_id": session_key}, {"$set": {"context": values}})

    async def end_async(self, session_key: str) -> None:
        with translating_outages(_STORE):
            await self._sessions.delete_one({"_id": session_key})
        self._ends.tell(session_key)

    async def wait_until_ended_async(self, session_key: str) -> None:
        await self._ends.wait_async(session_key)

    async def end_by_secret_async(self, secret: str) -> None:
        await self.end_async(name_of(secret))

    async def has_any_async(self, username: str) -> bool:
        with translating_outages(_STORE):
            found = await self._sessions.find_one(
                {"username": username, "expires_at": {"$gt": self._clock.now()}}, {"_id": 1}
            )
        return found is not None

    async def _live_of_async(self, keys: Collection[str]) -> set[str]:
        live = {"_id": {"$in": list(keys)}, "expires_at": {"$gt": self._clock.now()}}
        async with answering_within(_PATIENCE_SECONDS, _STORE):
            return {found["_id"] for found in await self._sessions.find(live, {"_id": 1}).to_list(None)}

    async def _live_async(self, key: str) -> dict[str, Any] | None:
        async with answering_within(_PATIENCE_SECONDS, _STORE):
            found = await self._sessions.find_one({"_id": key})
        return None if found is None or found["expires_at"] <= self._clock.now() else found

    async def _touch_async(self, found: dict[str, Any]) -> None:
        until = min(self._clock.now() + self._idle, found["ends_at"])
        if until - found["expires_at"] >= _TOUCHED_AGAIN:
            async with answering_within(_PATIENCE_SECONDS, _STORE):
                await self._sessions.update_one({"_id": found["_id"]}, {"$set": {"expires_at": until}})
