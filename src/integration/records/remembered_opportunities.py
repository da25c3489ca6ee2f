"""Opportunities as Connect described them last, for as long as it gives no answer."""

import asyncio
from collections import OrderedDict
from dataclasses import replace
from datetime import timedelta
from typing import Any

from application.contracts.memberships import MembershipDirectory
from application.records.opportunities import FoundOpportunity, Opportunities
from domain.kernel.clock import Clock
from domain.kernel.errors import UnavailableError
from integration.records.scope_refresh import STALE_WAIT_SECONDS

BELIEVED = timedelta(hours=1)
"""As long as who belongs where, which is asked for as often."""
_MOST_REMEMBERED = 10_000


class RememberedOpportunities(Opportunities):
    """Prefers a fresh answer. What is remembered is shown to those only who belong to the opportunity now.

    Args:
        connect: whom to ask.
    """

    def __init__(self, connect: Opportunities, memberships: MembershipDirectory, clock: Clock) -> None:
        self._connect = connect
        self._memberships = memberships
        self._clock = clock
        self._remembered: OrderedDict[int, FoundOpportunity] = OrderedDict()

    async def details_async(self, username: str, opportunity_id: int) -> dict[str, Any] | None:
        found = await self.find_async(username, opportunity_id)
        return None if found is None else found.details

    async def find_async(self, username: str, opportunity_id: int) -> FoundOpportunity | None:
        if not (await self._memberships.of_async(username)).include("opportunity", opportunity_id):
            return None
        before, asked_at = self._before(opportunity_id), self._clock.now()
        try:
            async with asyncio.timeout(None if before is None else STALE_WAIT_SECONDS):
                told = await self._connect.details_async(username, opportunity_id)
        except (UnavailableError, TimeoutError):
            if before is None:
                raise
            stale = replace(before, stale_since=before.stale_since or self._clock.now())
            self._remember(opportunity_id, stale)
            return stale
        if told is None:
            await self._memberships.denied_async(username, "opportunity", opportunity_id)
        else:
            self._remember(opportunity_id, FoundOpportunity(told, asked_at))
        return None if told is None else FoundOpportunity(told, asked_at)

    def _before(self, opportunity_id: int) -> FoundOpportunity | None:
        found = self._remembered.get(opportunity_id)
        if found is None or found.as_of is None or self._clock.now() - found.as_of >= BELIEVED:
            return None
        return found

    def _remember(self, opportunity_id: int, found: FoundOpportunity) -> None:
        self._remembered[opportunity_id] = found
        self._remembered.move_to_end(opportunity_id)
        while len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.popitem(last=False)
