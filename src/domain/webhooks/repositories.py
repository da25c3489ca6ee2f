"""Where webhooks are kept.

Every method raises ``UnavailableError`` when the store does not answer; None and empty lists mean "not there".
"""

from abc import ABC, abstractmethod

from neuroglia.data.infrastructure.abstractions import Repository

from domain.webhooks.webhook import Webhook


class WebhookRepository(Repository[Webhook, str], ABC):
    """Keeps webhooks."""

    @abstractmethod
    async def get_all_async(self) -> list[Webhook]:
        """Return every webhook that was ever registered, removed ones too, in no particular order."""
