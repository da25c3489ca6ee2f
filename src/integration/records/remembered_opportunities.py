"""Opportunities as Connect described them last, for as long as it gives no answer."""

import asyncio
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any

from application.contracts.memberships import MembershipDirectory
from application.records.opportunities import Opportunities
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
        self._remembered: OrderedDict[int, tuple[dict[str, Any], datetime]] = OrderedDict()

    async def details_async(self, username: str, opportunity_id: int) -> dict[str, Any] | None:
        if not (await self._memberships.of_async(username)).include("opportunity", opportunity_id):
            return None
        before = self._before(opportunity_id)
        try:
            async with asyncio.timeout(None if before is None else STALE_WAIT_SECONDS):
                told = await self._connect.details_async(username, opportunity_id)
        except (UnavailableError, TimeoutError):
            if before is None:
                raise
            return before
        if told is None:
            await self._memberships.denied_async(username, "opportunity", opportunity_id)
        else:
            self._remember(opportunity_id, told)
        return told

    def _before(self, opportunity_id: int) -> dict[str, Any] | None:
        found = self._remembered.get(opportunity_id)
        return found[0] if found is not None and self._clock.now() - found[1] < BELIEVED else None

    def _remember(self, opportunity_id: int, told: dict[str, Any]) -> None:
        self._remembered[opportunity_id] = (told, self._clock.now())
        self._remembered.move_to_end(opportunity_id)
        while len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.popitem(last=False)
