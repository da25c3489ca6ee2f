"""Sends CloudEvents over HTTP, signed as the Standard Webhooks specification says."""

import re
import time
from http import HTTPStatus

from application.kernel.cloud_events import MEDIA_TYPE
from application.kernel.credentials import CredentialsUnreadableError
from application.webhooks.ports import SendResult, WebhookSender
from application.webhooks.webhook_secrets import WebhookSecrets
from domain.kernel.clock import Clock
from domain.webhooks.signing_secret import SigningSecret
from integration.http.address_policy import AddressPolicy
from integration.http.errors import UpstreamError
from integration.webhooks.brief_answers import BriefAnswersClient

TIMEOUT_SECONDS = 15.0
KEPT_CHARACTERS = 1024
MOST_CONNECTIONS = 32
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff\n]")


class HttpWebhookSender(WebhookSender):
    """One call per message: no retries, no redirects, 15 s from the first byte sent to the answer's status."""

    def __init__(
        self,
        webhook_secrets: WebhookSecrets,
        policy: AddressPolicy,
        clock: Clock,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._secrets = webhook_secrets
        self._clock = clock
        self._client = BriefAnswersClient(
            policy=policy, deadline_seconds=timeout_seconds, max_connections=MOST_CONNECTIONS, clock=clock
        )

    async def close_async(self) -> None:
        """Close all connections."""
        await self._client.close_async()

    async def send_async(self, webhook_id: str, url: str, message_id: str, body: bytes) -> SendResult:
        try:
            secret = await self._secrets.get_async(webhook_id)
        except CredentialsUnreadableError:
            return SendResult(False, None, 0, "the secret cannot be decrypted; set it again")
        if secret is None:
            return SendResult(False, None, 0, "there is no secret to sign with; set it again")
        timestamp = int(self._clock.now().timestamp())
        headers = {
            "content-type": MEDIA_TYPE,
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": secret.sign(message_id, timestamp, body),
        }
        started = time.monotonic()
        try:
            answer = await self._client.request_async("POST", url, headers=headers, content=body, idempotent=False)
        except UpstreamError as error:
            return SendResult(False, None, _milliseconds_since(started), error.why)
        failure = _failure_of(answer.status)
        return SendResult(
            failure is None,
            answer.status,
            _milliseconds_since(started),
            failure,
            _kept(answer.body, secret),
            answer.retry_after_seconds,
        )


def _failure_of(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"answered {status}; redirects are not followed"
    if status == HTTPStatus.GONE:
        return "answered 410: the receiver wants no more"
    return f"answered {status}"


def _kept(body: bytes, secret: SigningSecret) -> str:
    return _UNPRINTABLE.sub(" ", secret.redact(body.decode("utf-8", "replace")))[:KEPT_CHARACTERS]


def _milliseconds_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
