"""Where the secrets of webhooks are: in the credential store, each under an owner id of its own."""

from application.kernel.credentials import Credentials, CredentialStore
from domain.webhooks.signing_secret import SigningSecret


class WebhookSecrets:
    """The secrets of webhooks. Raises what the credential store raises."""

    def __init__(self, credentials: CredentialStore) -> None:
        self._credentials = credentials

    async def put_async(self, webhook_id: str, secret: SigningSecret) -> None:
        """Keep a webhook's secret, in place of an earlier one."""
        await self._credentials.put_async(_owner(webhook_id), Credentials(webhook_id, secret.text))

    async def get_async(self, webhook_id: str) -> SigningSecret | None:
        """Return a webhook's secret; None when there is none."""
        kept = await self._credentials.get_async(_owner(webhook_id))
        return None if kept is None else SigningSecret(kept.password)

    async def remove_async(self, webhook_id: str) -> None:
        """Forget a webhook's secret."""
        await self._credentials.remove_async(_owner(webhook_id))


def _owner(webhook_id: str) -> str:
    return f"webhook:{webhook_id}"
