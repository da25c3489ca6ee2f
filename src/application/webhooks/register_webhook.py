"""Register a webhook."""

import secrets
from dataclasses import dataclass, field
from uuid import NAMESPACE_URL, uuid5

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.addresses import OutboundAddresses
from application.kernel.fact_types import FactTypes
from application.kernel.refusals import conflicting, invalid
from application.kernel.request_context import current_request
from application.webhooks.views import WebhookView, webhook_view
from application.webhooks.webhook_secrets import WebhookSecrets
from domain.kernel.clock import Clock
from domain.webhooks.repositories import WebhookRepository
from domain.webhooks.signing_secret import GENERATED_BYTES, SigningSecret
from domain.webhooks.webhook import Webhook, WebhookDetails


@dataclass(frozen=True, kw_only=True)
class RegisterWebhookCommand(Command[OperationResult[WebhookView]]):
    """Register an address that is told about facts. Without a secret one is made, which only the answer shows."""

    url: str
    event_types: tuple[str, ...]
    active: bool = True
    secret: str | None = field(default=None, repr=False)


class RegisterWebhookCommandHandler(CommandHandler[RegisterWebhookCommand, OperationResult[WebhookView]]):
    def __init__(
        self,
        webhooks: WebhookRepository,
        webhook_secrets: WebhookSecrets,
        addresses: OutboundAddresses,
        types: FactTypes,
        clock: Clock,
    ) -> None:
        self._webhooks = webhooks
        self._secrets = webhook_secrets
        self._addresses = addresses
        self._types = types
        self._clock = clock

    async def handle_async(self, request: RegisterWebhookCommand) -> OperationResult[WebhookView]:
        details = WebhookDetails(url=request.url, event_types=request.event_types, active=request.active)
        given = None if request.secret is None else SigningSecret(request.secret)
        objection = self._types.objection(details.event_types)
        if objection is not None:
            return invalid("event_types", objection)
        objection = await self._addresses.objection_async(details.url)
        if objection is not None:
            return invalid("url", objection)
        # From the command's id: a repeated request finds what it made the first time.
        webhook_id = uuid5(NAMESPACE_URL, f"labkeeper:webhook:{current_request().command_id}").hex
        earlier = await self._webhooks.get_async(webhook_id)
        if earlier is not None:
            return await self._again_async(earlier, details, given)
        secret = given or SigningSecret.of_key(secrets.token_bytes(GENERATED_BYTES))
        await self._secrets.put_async(webhook_id, secret)
        webhook = Webhook.register(webhook_id, details, self._clock.now())
        await self._webhooks.add_async(webhook)
        return self.created(webhook_view(webhook, secret.text if given is None else None))

    async def _again_async(
        self, webhook: Webhook, details: WebhookDetails, given: SigningSecret | None
    ) -> OperationResult[WebhookView]:
        if webhook.state.removed or webhook.state.details() != details:
            return conflicting("the first request with this key registered something else")
        kept = await self._secrets.get_async(webhook.state.id)
        return self.created(webhook_view(webhook, kept.text if given is None and kept is not None else None))
