"""The tokens behind the logins: encrypted in MongoDB, refreshed before they expire, once for all who wait."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from neuroglia.hosting.abstractions import HostedService

from application.access.connect_logins import ConnectLogins, Grant, Grants, LoginRefusedError
from application.contracts.memberships import UpstreamTokens
from application.kernel.lease_keeper import holding
from application.kernel.leases import Leases
from application.kernel.request_context import current_request
from domain.kernel.clock import Clock
from domain.kernel.errors import UnavailableError
from integration.access.stored_grants import StoredGrant, StoredGrants
from integration.mongo.driver import MongoDriver

LEASE_SECONDS = 20.0
LONGEST_WAIT_SECONDS = 25.0
AGAIN_AFTER_OUTAGE = timedelta(seconds=15)
_LOOK_AGAIN_SECONDS = 0.05
log = logging.getLogger("labkeeper.authentication")


class ConnectTokens(UpstreamTokens, Grants, HostedService):
    """One grant per person.

    A refresh token may be good for one use only. So a refresh runs under a lease that all processes share, in a task
    of its own that nobody's cancellation ends half-way, and whoever waits takes the token that it brought. What
    remains: a process that is killed between Connect's answer and our store loses the login.

    The token that came with the current request goes before the stored one. It is kept only for work that waits.
    """

    def __init__(
        self, driver: MongoDriver, keys: Sequence[str], logins: ConnectLogins, leases: Leases, clock: Clock
    ) -> None:
        self._grants = StoredGrants(driver, keys, clock)
        self._logins = logins
        self._leases = leases
        self._clock = clock
        self._refreshing: dict[str, asyncio.Task[StoredGrant | None]] = {}
        self._not_before: dict[str, datetime] = {}

    async def start_async(self) -> None:
        await self._grants.prepare_async()

    async def stop_async(self) -> None:
        """Let refreshes that are under way come to their end."""
        await asyncio.gather(*self._refreshing.values(), return_exceptions=True)

    async def keep_async(self, username: str, grant: Grant) -> None:
        await self._grants.put_async(username, grant)

    async def keep_presented_async(self, username: str, grant: Grant) -> None:
        """Keep a token that came with a request, unless there is a login that can be refreshed."""
        await self._grants.put_unless_refreshable_async(username, grant)

    async def forget_async(self, username: str) -> None:
        await self._grants.remove_async(username)

    async def is_usable_async(self, username: str) -> bool:
        found = await self._grants.get_async(username)
        return found is not None and (found.refreshable or not self._is_over(found))

    async def usernames_async(self) -> list[str]:
        return await self._grants.usernames_async()

    async def refreshable_usernames_async(self) -> list[str]:
        return await self._grants.usernames_async(refreshable_only=True)

    async def token_of_async(self, username: str, *, rejected: str | None = None) -> str | None:
        presented = self._presented_by(username)
        if presented is not None and presented != rejected:
            return presented
        found = await self._grants.get_async(username)
        if found is None:
            return None
        forced = found.access_token == rejected or self._is_over(found)
        if not forced and not self._is_due(found):
            return found.access_token
        if not found.refreshable:
            return await self._last_use_async(found, forced=forced)
        try:
            renewed = await self._refreshed_async(found)
        except UnavailableError:
            if forced:
                raise
            self._not_before[username] = self._clock.now() + AGAIN_AFTER_OUTAGE
            return found.access_token
        if renewed is None or renewed.access_token == rejected or self._is_over(renewed):
            if renewed is not None and not renewed.refreshable:
                await self._grants.remove_async(username, renewed.generation)
            return None
        return renewed.access_token

    def _presented_by(self, username: str) -> str | None:
        request = current_request()
        if request.signed_in is None or request.actor != username:
            return None
        return request.signed_in.upstream_token

    def _is_over(self, grant: StoredGrant) -> bool:
        return grant.expires_at <= self._clock.now()

    def _is_due(self, grant: StoredGrant) -> bool:
        """Tell whether it is time to refresh: five minutes before the end, or a fifth of a short life."""
        now = self._clock.now()
        if not grant.refreshable or now < self._not_before.get(grant.username, now):
            return False
        return grant.expires_at - now <= timedelta(seconds=min(300.0, grant.lifetime_seconds / 5))

    async def _last_use_async(self, grant: StoredGrant, *, forced: bool) -> str | None:
        if not forced:
            return grant.access_token
        await self._grants.remove_async(grant.username, grant.generation)
        return None

    async def _refreshed_async(self, found: StoredGrant) -> StoredGrant | None:
        task = self._refreshing.get(found.username)
        if task is None:
            task = asyncio.create_task(self._refresh_async(found), name="token-refresh")
            self._refreshing[found.username] = task
            task.add_done_callback(lambda _: self._refreshing.pop(found.username, None))
        return await asyncio.shield(task)

    async def _refresh_async(self, found: StoredGrant) -> StoredGrant | None:
        deadline = asyncio.get_running_loop().time() + LONGEST_WAIT_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            async with holding(self._leases, f"connect-token:{found.username}", LEASE_SECONDS) as lease:
                now = await self._grants.get_async(found.username, fresh=True)
                if now is None or now.generation != found.generation:
                    return now
                if lease is not None:
                    return await self._exchange_async(now)
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        raise UnavailableError("another process is refreshing this login and does not come to an end", 5.0)

    async def _exchange_async(self, now: StoredGrant) -> StoredGrant | None:
        assert now.refresh_token is not None
        try:
            grant = await self._logins.refresh_async(now.refresh_token)
        except LoginRefusedError:
            log.info("Connect does not refresh the login of %s any more", now.username)
            if self._is_over(now):
                await self._grants.remove_async(now.username, now.generation)
                return None
            left = Grant(now.access_token, None, now.expires_at, now.lifetime_seconds)
            return await self._grants.replace_async(now, left)
        return await self._grants.replace_async(now, grant)
