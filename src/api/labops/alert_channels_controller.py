"""``/alert-channels``: who is told. Administrators keep them: an address is a secret. Managers see which there are."""

from typing import Annotated

from classy_fastapi import delete, get, patch, post
from fastapi import Path, Query, Request, Response

from api.kernel.authorization import Role, requires
from api.kernel.conditional import expected_version, version_tag
from api.kernel.described_headers import sends, understands
from api.kernel.guarded_route import principal_of
from api.kernel.paging import DEFAULT_LIMIT, CursorParameter, Limit
from api.labops.alert_channels_schemas import (
    AlertChannelAnswer,
    AlertChannelsPage,
    ChangeAlertChannelBody,
    ChannelTestAnswer,
    NotificationAnswer,
    NotificationsPage,
    RegisterAlertChannelBody,
    RegisteredAlertChannelAnswer,
)
from api.labops.shaped_controller import ShapedController
from application.kernel.refusals import refusal_of
from application.labops.alerts.change_alert_channel import ChangeAlertChannelCommand
from application.labops.alerts.get_alert_channel import GetAlertChannelQuery
from application.labops.alerts.list_alert_channels import ListAlertChannelsQuery
from application.labops.alerts.list_alert_notifications import ListAlertNotificationsQuery
from application.labops.alerts.notifications import NotificationStatus
from application.labops.alerts.register_alert_channel import RegisterAlertChannelCommand
from application.labops.alerts.remove_alert_channel import RemoveAlertChannelCommand
from application.labops.alerts.retry_alert_notification import RetryAlertNotificationCommand
from application.labops.alerts.try_alert_channel import TryAlertChannelCommand
from domain.labops.alert_channel import AlertChannelDetails
from domain.labops.alert_errors import InvalidAlertChannelError

ChannelId = Annotated[str, Path(max_length=64, description="Id of a channel; `configured` is the one of the settings.")]
NotificationId = Annotated[str, Path(max_length=64, description="Id of a notification.")]
StatusFilter = Annotated[NotificationStatus | None, Query(description="Only notifications that stand like this.")]


class AlertChannelsController(ShapedController):
    """Channels, and what they were told."""

    route_prefix = "/alert-channels"
    tag = "Alerts"

    @requires(Role.ADMIN)
    @sends(201, "Location", "ETag", "X-Position")
    @post("", status_code=201, response_model=RegisteredAlertChannelAnswer)
    async def register_alert_channel(self, body: RegisterAlertChannelBody) -> Response:
        """Register a channel. Of its address nothing but the host is ever shown."""
        try:
            details = AlertChannelDetails(name=body.name, dry_run=body.dry_run)
        except InvalidAlertChannelError as error:
            return self.process(refusal_of(error))
        command = RegisterAlertChannelCommand(kind=body.kind, details=details, url=body.url)
        result = await self.mediator.execute_async(command)
        if not result.is_success or result.data is None:
            return self.process(result)
        view = result.data
        headers = {"Location": f"/api/v1/alert-channels/{view.channel_id}", "ETag": version_tag(view.version)}
        return self.shaped(result, RegisteredAlertChannelAnswer, {**headers, "Cache-Control": "no-store"})

    @requires(Role.MANAGER)
    @get("", response_model=AlertChannelsPage)
    async def list_alert_channels(
        self, request: Request, limit: Limit = DEFAULT_LIMIT, cursor: CursorParameter = None
    ) -> Response:
        """List the channels in the order of their registration: rules and stand-ups name them by id."""
        result = await self.mediator.execute_async(ListAlertChannelsQuery(limit=limit, cursor=cursor))
        if not result.is_success:
            return self.process(result)
        page = AlertChannelsPage.model_validate(result.data)
        return self.answer(
            200, AlertChannelsPage(items=[_seen(request, one) for one in page.items], next_cursor=page.next_cursor)
        )

    @requires(Role.MANAGER)
    @sends(200, "ETag")
    @get("/{channel_id}", response_model=AlertChannelAnswer)
    async def get_alert_channel(self, request: Request, channel_id: ChannelId) -> Response:
        """Get one channel. Its `ETag` is what a change may name in `If-Match`."""
        result = await self.mediator.execute_async(GetAlertChannelQuery(channel_id=channel_id))
        if not result.is_success or result.data is None:
            return self.process(result)
        seen = _seen(request, AlertChannelAnswer.model_validate(result.data))
        return self.answer(200, seen, {"ETag": version_tag(result.data.version)})

    @requires(Role.ADMIN)
    @understands("If-Match")
    @sends(200, "ETag", "X-Position")
    @patch("/{channel_id}", response_model=AlertChannelAnswer)
    async def change_alert_channel(
        self, request: Request, channel_id: ChannelId, body: ChangeAlertChannelBody
    ) -> Response:
        """Change a channel; its kind stays."""
        command = ChangeAlertChannelCommand(
            channel_id=channel_id,
            name=body.given("name"),
            dry_run=body.given("dry_run"),
            url=body.given("url"),
            expected_version=expected_version(request),
        )
        result = await self.mediator.execute_async(command)
        if not result.is_success or result.data is None:
            return self.process(result)
        return self.shaped(result, AlertChannelAnswer, {"ETag": version_tag(result.data.version)})

    @requires(Role.ADMIN)
    @understands("If-Match")
    @sends(204, "X-Position")
    @delete("/{channel_id}", status_code=204)
    async def remove_alert_channel(self, request: Request, channel_id: ChannelId) -> Response:
        """Remove a channel, its address and what was still to be sent to it. 409 names the rules that still name it."""
        command = RemoveAlertChannelCommand(channel_id=channel_id, expected_version=expected_version(request))
        return self.process(await self.mediator.execute_async(command))

    @requires(Role.ADMIN)
    @post("/{channel_id}/test", response_model=ChannelTestAnswer)
    async def test_alert_channel(self, channel_id: ChannelId) -> Response:
        """Send a message that says nothing but that it arrived; in a dry run only show exactly what it would be."""
        result = await self.mediator.execute_async(TryAlertChannelCommand(channel_id=channel_id))
        return self.shaped(result, ChannelTestAnswer)

    @requires(Role.ADMIN)
    @get("/{channel_id}/notifications", response_model=NotificationsPage)
    async def list_alert_notifications(
        self,
        channel_id: ChannelId,
        status: StatusFilter = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: CursorParameter = None,
    ) -> Response:
        """List what a channel was told, newest first, each with exactly what was, is or would be sent."""
        query = ListAlertNotificationsQuery(channel_id=channel_id, status=status, limit=limit, cursor=cursor)
        return self.shaped(await self.mediator.execute_async(query), NotificationsPage)

    @requires(Role.ADMIN)
    @post("/{channel_id}/notifications/{notification_id}/retry", status_code=202, response_model=NotificationAnswer)
    async def retry_alert_notification(self, channel_id: ChannelId, notification_id: NotificationId) -> Response:
        """Send again what was given up or never confirmed. What was never confirmed may have arrived."""
        command = RetryAlertNotificationCommand(channel_id=channel_id, notification_id=notification_id)
        return self.shaped(await self.mediator.execute_async(command), NotificationAnswer)


def _seen(request: Request, channel: AlertChannelAnswer) -> AlertChannelAnswer:
    """Return what whoever asks may see of a channel."""
    principal = principal_of(request)
    is_admin = principal is not None and principal.role is Role.ADMIN
    return channel if is_admin else channel.model_copy(update={"host": None})
