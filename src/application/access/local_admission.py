"""Our own users who are let in no more: those who are not active, and those who were removed."""

import asyncio

import structlog
from neuroglia.hosting.abstractions import HostedService

from application.access.access_directory import AccessDirectory
from application.kernel.event_feed import EventFeed
from application.kernel.sign_in import Admission
from domain.kernel.errors import UnavailableError

log = structlog.get_logger(__name__)

WAIT_SECONDS = 60.0
TRY_AGAIN_SECONDS = 1.0


class LocalAdmission(Admission, HostedService):
    """Follows the access log, so that a request costs a look into memory and nothing more.

    What this process wrote counts at once, what another one wrote as soon as the log tells of it. While the log gives
    no answer nobody can be shut out either, and what was read last goes on.

    Args:
        feed: the access log.
    """

    def __init__(self, directory: AccessDirectory, feed: EventFeed) -> None:
        self._directory = directory
        self._feed = feed
        self._read_on = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    async def objection_async(self, username: str) -> str | None:
        if self._feed.last_seen > self._directory.position:
            await self._directory.catch_up_async()
        user = self._directory.remembered_user(username)
        if user is None:
            return None
        if user.removed:
            return f"belongs to the user {username}, who was removed"
        return None if user.details.active else f"belongs to the user {username}, who is not active"

    async def wait_for_objection_async(self, username: str) -> None:
        while True:
            read_on = self._read_on
            if await self.objection_async(username) is not None:
                return
            await read_on.wait()

    async def start_async(self) -> None:
        """Read the log once before anybody is let in, then go on reading."""
        await self._directory.catch_up_async()
        self._following = asyncio.create_task(self._follow_async(), name="local-admission")

    async def stop_async(self) -> None:
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    async def _follow_async(self) -> None:
        seen = self._directory.position
        while True:
            try:
                if await self._feed.wait_beyond_async(seen, WAIT_SECONDS):
                    grown_to = self._feed.last_seen
                    await self._directory.catch_up_async()
                    seen = max(grown_to, self._directory.position)
                    read_on, self._read_on = self._read_on, asyncio.Event()
                    read_on.set()
            except UnavailableError as error:
                log.info("access_log_unavailable", error=str(error))
                await asyncio.sleep(TRY_AGAIN_SECONDS)
            except Exception:  # process edge: whoever leaves must be noticed whatever happened before
                log.exception("access_log_not_followed")
                await asyncio.sleep(TRY_AGAIN_SECONDS)
