"""Signed messages for other contexts, with the webhooks' own secrets and sender."""

import secrets

from application.contracts.signed_messages import SignedMessageAnswer, SignedMessages
from application.webhooks.ports import WebhookSender
from application.webhooks.webhook_secrets import WebhookSecrets
from domain.webhooks.signing_secret import GENERATED_BYTES, SigningSecret


class WebhookSignedMessages(SignedMessages):
    """Keeps each owner's secret beside those of webhooks, whose ids have no such beginning."""

    def __init__(self, webhook_secrets: WebhookSecrets, sender: WebhookSender) -> None:
        self._secrets = webhook_secrets
        self._sender = sender

    async def begin_async(self, owner_id: str) -> str:
        kept = await self._secrets.get_async(_key(owner_id))
        if kept is not None:
            return kept.text
        made = SigningSecret.of_key(secrets.token_bytes(GENERATED_BYTES))
        await self._secrets.put_async(_key(owner_id), made)
        return made.text

    async def forget_async(self, owner_id: str) -> None:
        await self._secrets.remove_async(_key(owner_id))

    async def send_async(self, owner_id: str, url: str, message_id: str, body: bytes) -> SignedMessageAnswer:
        sent = await self._sender.send_async(_key(owner_id), url, message_id, body)
        return SignedMessageAnswer(sent.delivered, sent.status, sent.duration_ms, sent.error, sent.retry_after_seconds)


def _key(owner_id: str) -> str:
    return f"other:{owner_id}"
