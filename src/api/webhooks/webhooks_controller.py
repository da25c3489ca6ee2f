"""Webhooks over HTTP, for administrators."""

from typing import Annotated, Any

from classy_fastapi import delete, get, patch, post
from fastapi import Path, Query, Request, Response
from neuroglia.core import OperationResult
from pydantic import BaseModel

from api.kernel.authorization import Role, requires
from api.kernel.conditional import expected_version, not_modified, version_tag
from api.kernel.controller import LabkeeperController
from api.kernel.described_headers import sends, understands
from api.kernel.paging import DEFAULT_LIMIT, CursorParameter, Limit
from api.webhooks.schemas import (
    ChangeWebhookBody,
    DeliveriesPage,
    DeliveryAnswer,
    PingAnswer,
    RegisteredWebhookAnswer,
    RegisterWebhookBody,
    WebhookAnswer,
    WebhooksPage,
)
from application.webhooks.change_webhook import ChangeWebhookCommand
from application.webhooks.deliveries import DeliveryStatus
from application.webhooks.get_delivery import GetDeliveryQuery
from application.webhooks.get_webhook import GetWebhookQuery
from application.webhooks.list_deliveries import ListDeliveriesQuery
from application.webhooks.list_webhooks import ListWebhooksQuery
from application.webhooks.ping_webhook import PingWebhookCommand
from application.webhooks.register_webhook import RegisterWebhookCommand
from application.webhooks.remove_webhook import RemoveWebhookCommand
from application.webhooks.retry_delivery import RetryDeliveryCommand

WebhookId = Annotated[str, Path(max_length=64, description="Id of a webhook, as its registration answered it.")]
DeliveryId = Annotated[str, Path(max_length=64, description="Id of a delivery; receivers see it as `webhook-id`.")]
StatusFilter = Annotated[DeliveryStatus | None, Query(description="Only deliveries that stand like this.")]


class WebhooksController(LabkeeperController):
    """Tells addresses outside about facts, as signed CloudEvents."""

    route_prefix = "/webhooks"

    @requires(Role.ADMIN)
    @sends(201, "Location", "ETag", "X-Position")
    @post("", status_code=201, response_model=RegisteredWebhookAnswer)
    async def register_webhook(self, body: RegisterWebhookBody) -> Response:
        """Register a webhook. A secret that is made for it is shown in this answer and never again."""
        command = RegisterWebhookCommand(
            url=body.url, event_types=tuple(body.event_types), secret=body.secret, active=body.active
        )
        result = await self.mediator.execute_async(command)
        if not result.is_success or result.data is None:
            return self.process(result)
        view = result.data
        headers = {"Location": f"/api/v1/webhooks/{view.webhook_id}", "ETag": version_tag(view.version)}
        if view.secret is None:
            return self._answer(result, WebhookAnswer, headers)
        return self._answer(result, RegisteredWebhookAnswer, {**headers, "Cache-Control": "no-store"})

    @requires(Role.ADMIN)
    @get("", response_model=WebhooksPage)
    async def list_webhooks(self, limit: Limit = DEFAULT_LIMIT, cursor: CursorParameter = None) -> Response:
        """List the webhooks in the order of their registration."""
        return self._answer(
            await self.mediator.execute_async(ListWebhooksQuery(limit=limit, cursor=cursor)), WebhooksPage
        )

    @requires(Role.ADMIN)
    @understands("If-None-Match")
    @sends(200, "ETag")
    @get("/{webhook_id}", response_model=WebhookAnswer)
    async def get_webhook(self, request: Request, webhook_id: WebhookId) -> Response:
        """Get one webhook. Its `ETag` is what a change may name in `If-Match`."""
        result = await self.mediator.execute_async(GetWebhookQuery(webhook_id=webhook_id))
        if not result.is_success or result.data is None:
            return self.process(result)
        tag = version_tag(result.data.version)
        return not_modified(request, tag) or self._answer(result, WebhookAnswer, {"ETag": tag})

    @requires(Role.ADMIN)
    @understands("If-Match")
    @sends(200, "ETag", "X-Position")
    @patch("/{webhook_id}", response_model=WebhookAnswer)
    async def change_webhook(self, request: Request, webhook_id: WebhookId, body: ChangeWebhookBody) -> Response:
        """Change a webhook. `If-Match` refuses the change when somebody else was faster."""
        event_types = body.given("event_types")
        command = ChangeWebhookCommand(
            webhook_id=webhook_id,
            url=body.given("url"),
            event_types=None if event_types is None else tuple(event_types),
            active=body.given("active"),
            secret=body.given("secret"),
            expected_version=expected_version(request),
        )
        result = await self.mediator.execute_async(command)
        if not result.is_success or result.data is None:
            return self.process(result)
        return self._answer(result, WebhookAnswer, {"ETag": version_tag(result.data.version)})

    @requires(Role.ADMIN)
    @understands("If-Match")
    @sends(204, "X-Position")
    @delete("/{webhook_id}", status_code=204)
    async def remove_webhook(self, request: Request, webhook_id: WebhookId) -> Response:
        """Remove a webhook, its secret and what was still to be delivered to it."""
        command = RemoveWebhookCommand(webhook_id=webhook_id, expected_version=expected_version(request))
        return self.process(await self.mediator.execute_async(command))

    @requires(Role.ADMIN)
    @get("/{webhook_id}/deliveries", response_model=DeliveriesPage)
    async def list_deliveries(
        self,
        webhook_id: WebhookId,
        status: StatusFilter = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: CursorParameter = None,
    ) -> Response:
        """List the deliveries of a webhook, newest first, each with its latest tries."""
        query = ListDeliveriesQuery(webhook_id=webhook_id, status=status, limit=limit, cursor=cursor)
        return self._answer(await self.mediator.execute_async(query), DeliveriesPage)

    @requires(Role.ADMIN)
    @get("/{webhook_id}/deliveries/{delivery_id}", response_model=DeliveryAnswer)
    async def get_delivery(self, webhook_id: WebhookId, delivery_id: DeliveryId) -> Response:
        """Get one delivery with every try that is kept."""
        query = GetDeliveryQuery(webhook_id=webhook_id, delivery_id=delivery_id)
        return self._answer(await self.mediator.execute_async(query), DeliveryAnswer)

    @requires(Role.ADMIN)
    @post("/{webhook_id}/deliveries/{delivery_id}/retry", status_code=202, response_model=DeliveryAnswer)
    async def retry_delivery(self, webhook_id: WebhookId, delivery_id: DeliveryId) -> Response:
        """Send a parked delivery again, or a waiting one now instead of later."""
        command = RetryDeliveryCommand(webhook_id=webhook_id, delivery_id=delivery_id)
        return self._answer(await self.mediator.execute_async(command), DeliveryAnswer)

    @requires(Role.ADMIN)
    @post("/{webhook_id}/ping", response_model=PingAnswer)
    async def ping_webhook(self, webhook_id: WebhookId) -> Response:
        """Send a signed `webhooks.ping.v1` right now, once, and tell what the receiver said."""
        return self._answer(await self.mediator.execute_async(PingWebhookCommand(webhook_id=webhook_id)), PingAnswer)

    def _answer(
        self, result: OperationResult[Any], model: type[BaseModel], headers: dict[str, str] | None = None
    ) -> Response:
        """Return the answer in the declared shape: what the shape does not name is not shown."""
        if result.is_success:
            result.data = model.model_validate(result.data)
        return self.process(result, headers)
