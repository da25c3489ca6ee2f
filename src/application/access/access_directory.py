"""All users and organisations, at hand for every request: a read model in memory."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from application.kernel.event_feed import CorruptFact, EventFeed, RecordedFact
from domain.access.organization import Organization
from domain.access.organization_state import OrganizationState
from domain.access.user import User, UserState
from domain.kernel.aggregate import Aggregate
from domain.kernel.stream_events import StreamDeletedDomainEvent

LOOK_AGAIN_SECONDS = 1.0
_COMMITS = 500
log = logging.getLogger(__name__)


class AccessDirectory:
    """Follows the access log in memory.

    What this process wrote is seen at once, what another one wrote within about a second.

    Args:
        feed: the access log.
        monotonic: replaced in tests only.
    """

    def __init__(self, feed: EventFeed, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._feed = feed
        self._monotonic = monotonic
        self._streams: dict[str, Aggregate[Any]] = {}
        self._position = 0
        self._looked_at: float | None = None
        self._reading = asyncio.Lock()

    @property
    def position(self) -> int:
        """Up to where the log was read; nothing of the answers changes while this stands still."""
        return self._position

    async def catch_up_async(self) -> None:
        """Read what is new.

        Raises:
            UnavailableError: the log gives no answer.
        """
        if self._feed.last_seen <= self._position and not self._must_look():
            return
        async with self._reading:
            while await self._has_grown_async():
                corrupt: list[CorruptFact] = []
                facts, position = await self._feed.read_log_async(self._position, _COMMITS, None, corrupt)
                for fact in facts:
                    self._remember(fact)
                for one in corrupt:
                    log.error("an event of the access log cannot be read and is left out: %s", one.error)
                if position == self._position:
                    return
                self._position = position

    async def users_async(self) -> list[UserState]:
        """Return everybody who is not removed, by user name."""
        await self.catch_up_async()
        found = [one.state for one in self._streams.values() if isinstance(one, User) and not one.state.removed]
        return sorted(found, key=lambda state: state.id)

    async def user_async(self, username: str) -> UserState | None:
        """Return a user; None when there is none or they are removed."""
        await self.catch_up_async()
        found = self._streams.get(f"user-{username}")
        return found.state if isinstance(found, User) and not found.state.removed else None

    def remembered_user(self, username: str) -> UserState | None:
        """Return a user as far as the log was read, also a removed one; None for somebody who never was one."""
        found = self._streams.get(f"user-{username}")
        return found.state if isinstance(found, User) else None

    async def organizations_async(self) -> list[OrganizationState]:
        """Return every organisation that is not removed, by integer id."""
        await self.catch_up_async()
        found = [one.state for one in self._streams.values() if isinstance(one, Organization)]
        return sorted((state for state in found if not state.removed), key=lambda state: state.number)

    async def owner_of_program_async(self, program_id: int) -> OrganizationState | None:
        """Return the organisation that owns a program; None when there is no such program."""
        return next((one for one in await self.organizations_async() if program_id in one.programs), None)

    def _must_look(self) -> bool:
        return self._looked_at is None or self._monotonic() - self._looked_at >= LOOK_AGAIN_SECONDS

    async def _has_grown_async(self) -> bool:
        if self._feed.last_seen > self._position:
            return True
        if not self._must_look():
            return False
        now = self._monotonic()
        grown = await self._feed.head_async() > self._position
        if not grown:
            self._looked_at = now
        return grown

    def _remember(self, fact: RecordedFact) -> None:
        if isinstance(fact.event, StreamDeletedDomainEvent):
            self._streams.pop(fact.stream, None)
            return
        if fact.stream not in self._streams:
            self._streams[fact.stream] = User() if fact.stream.startswith("user-") else Organization()
        self._streams[fact.stream].replay([fact.event])
