"""Change a webhook."""

from dataclasses import dataclass, field

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.addresses import OutboundAddresses
from application.kernel.fact_types import FactTypes
from application.kernel.refusals import invalid, missing, precondition_failed
from application.webhooks.views import WebhookView, webhook_view
from application.webhooks.webhook_secrets import WebhookSecrets
from domain.kernel.clock import Clock
from domain.webhooks.repositories import WebhookRepository
from domain.webhooks.signing_secret import SigningSecret
from domain.webhooks.webhook import WebhookDetails


@dataclass(frozen=True, kw_only=True)
class ChangeWebhookCommand(Command[OperationResult[WebhookView]]):
    """Change what is given; None leaves a field as it is. ``expected_version`` refuses a stale change."""

    webhook_id: str
    url: str | None = None
    event_types: tuple[str, ...] | None = None
    active: bool | None = None
    secret: str | None = field(default=None, repr=False)
    expected_version: int | None = None


class ChangeWebhookCommandHandler(CommandHandler[ChangeWebhookCommand, OperationResult[WebhookView]]):
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

    async def handle_async(self, request: ChangeWebhookCommand) -> OperationResult[WebhookView]:
        webhook = await self._webhooks.get_async(request.webhook_id)
        if webhook is None or webhook.state.removed:
            return missing("webhook", request.webhook_id)
        if request.expected_version not in (None, webhook.state.state_version):
            return precondition_failed(f"webhook {request.webhook_id} is in version {webhook.state.state_version}")
        before = webhook.state.details()
        details = WebhookDetails(
            url=before.url if request.url is None else request.url,
            event_types=before.event_types if request.event_types is None else request.event_types,
            active=before.active if request.active is None else request.active,
        )
        secret = None if request.secret is None else SigningSecret(request.secret)
        objection = self._types.objection(request.event_types or ())
        if objection is not None:
            return invalid("event_types", objection)
        objection = None if request.url is None else await self._addresses.objection_async(details.url)
        if objection is not None:
            return invalid("url", objection)
        webhook.change(details, self._clock.now())
        if secret is not None:
            webhook.note_secret_replaced(self._clock.now())
        await self._webhooks.update_async(webhook)
        if secret is not None:
            await self._secrets.put_async(request.webhook_id, secret)
        return self.ok(webhook_view(webhook))
