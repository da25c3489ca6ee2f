"""Logins under way in MongoDB."""

from collections.abc import Sequence
from datetime import timedelta

from application.access.connect_logins import PendingLogin, PendingLogins
from domain.kernel.clock import Clock
from integration.access.secrets_at_rest import Sealer, name_of
from integration.mongo.driver import MongoDriver, translating_outages

COLLECTION = "access_logins"
LOGIN_SECONDS = 600
_STORE = "the store of logins"


class MongoPendingLogins(PendingLogins):
    """Documents ``{_id: hash of the state, browser: hash of the browser's secret, sealed, expires_at}``."""

    def __init__(self, driver: MongoDriver, keys: Sequence[str], clock: Clock) -> None:
        self._logins = driver.collection(COLLECTION)
        self._sealer = Sealer(keys)
        self._clock = clock

    async def prepare_async(self) -> None:
        """Create the index that lets old ones go."""
        with translating_outages(_STORE):
            await self._logins.create_index("expires_at", expireAfterSeconds=0)

    async def begin_async(self, state: str, browser: str, login: PendingLogin) -> None:
        key = name_of(state)
        content = {name: getattr(login, name) for name in ("verifier", "nonce", "redirect_uri", "next")}
        document = {
            "_id": key,
            "browser": name_of(browser),
            "sealed": self._sealer.seal(key, content),
            "expires_at": self._clock.now() + timedelta(seconds=LOGIN_SECONDS),
        }
        with translating_outages(_STORE):
            await self._logins.insert_one(document)

    async def take_async(self, state: str, browser: str) -> PendingLogin | None:
        key = name_of(state)
        with translating_outages(_STORE):
            # Both at once: of two returns one finds it, and another browser's attempt spoils nothing.
            found = await self._logins.find_one_and_delete({"_id": key, "browser": name_of(browser)})
        if found is None or found["expires_at"] <= self._clock.now():
            return None
        content = self._sealer.open(key, found["sealed"])
        return None if content is None else PendingLogin(**content)
