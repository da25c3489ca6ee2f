"""The webhooks that there are, at hand for every fact."""

from collections.abc import Collection

from application.kernel.log_directory import LogDirectory
from domain.webhooks.webhook import Webhook, WebhookState


class WebhookDirectory(LogDirectory[Webhook]):
    """Follows the webhooks log in memory.

    What it is asked raises ``UnavailableError`` when the log gives no answer.
    """

    def blank(self, _stream: str, /) -> Webhook:
        return Webhook()

    async def all_async(self) -> Collection[WebhookState]:
        """Return every webhook, removed ones left out."""
        await self.catch_up_async()
        return [webhook.state for webhook in self._streams.values() if not webhook.state.removed]

    async def get_async(self, webhook_id: str) -> WebhookState | None:
        """Return a webhook; None when there is none or it is removed."""
        await self.catch_up_async()
        webhook = self._streams.get(f"webhook-{webhook_id}")
        return None if webhook is None or webhook.state.removed else webhook.state
