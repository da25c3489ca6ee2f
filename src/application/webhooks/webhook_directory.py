"""The webhooks that there are, at hand for every fact."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection

from application.kernel.event_feed import CorruptFact, EventFeed, RecordedFact
from domain.kernel.stream_events import StreamDeletedDomainEvent
from domain.webhooks.webhook import Webhook, WebhookState

LOOK_AGAIN_SECONDS = 1.0
_COMMITS = 500
log = logging.getLogger(__name__)


class WebhookDirectory:
    """Follows the webhooks log in memory.

    What this process wrote is seen at once, what another one wrote within about a second.

    Args:
        feed: the webhooks log.
        monotonic: replaced in tests only.
    """

    def __init__(self, feed: EventFeed, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._feed = feed
        self._monotonic = monotonic
        self._webhooks: dict[str, Webhook] = {}
        self._position = 0
        self._looked_at: float | None = None
        self._reading = asyncio.Lock()

    async def all_async(self) -> Collection[WebhookState]:
        """Return every webhook, removed ones left out.

        Raises:
            UnavailableError: the log gives no answer.
        """
        await self._catch_up_async()
        return [webhook.state for webhook in self._webhooks.values() if not webhook.state.removed]

    async def get_async(self, webhook_id: str) -> WebhookState | None:
        """Return a webhook; None when there is none or it is removed."""
        await self._catch_up_async()
        webhook = self._webhooks.get(f"webhook-{webhook_id}")
        return None if webhook is None or webhook.state.removed else webhook.state

    async def _catch_up_async(self) -> None:
        async with self._reading:
            while await self._has_grown_async():
                corrupt: list[CorruptFact] = []
                facts, position = await self._feed.read_log_async(self._position, _COMMITS, None, corrupt)
                for fact in facts:
                    self._remember(fact)
                for one in corrupt:
                    log.error("a webhook's event cannot be read and is left out: %s", one.error)
                if position == self._position:
                    return
                self._position = position

    async def _has_grown_async(self) -> bool:
        if await self._feed.wait_beyond_async(self._position, 0):
            return True
        now = self._monotonic()
        if self._looked_at is not None and now - self._looked_at < LOOK_AGAIN_SECONDS:
            return False
        grown = await self._feed.head_async() > self._position
        self._looked_at = now
        return grown

    def _remember(self, fact: RecordedFact) -> None:
        if isinstance(fact.event, StreamDeletedDomainEvent):
            self._webhooks.pop(fact.stream, None)
        else:
            self._webhooks.setdefault(fact.stream, Webhook()).replay([fact.event])
