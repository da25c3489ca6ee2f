"""List what a channel was told."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.paging import DEFAULT_LIMIT, Cursor, Page, newest_before
from application.kernel.refusals import missing
from application.labops.alerts.notifications import (
    CONFIGURED_CHANNEL,
    Notifications,
    NotificationStatus,
    NotificationView,
)
from domain.labops.alert_repositories import AlertChannelRepository


@dataclass(frozen=True, kw_only=True)
class ListAlertNotificationsQuery(Query[OperationResult[Page[NotificationView]]]):
    """Notifications of one channel, newest first, each with exactly what was or would be sent."""

    channel_id: str
    status: NotificationStatus | None = None
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class ListAlertNotificationsQueryHandler(
    QueryHandler[ListAlertNotificationsQuery, OperationResult[Page[NotificationView]]]
):
    def __init__(self, channels: AlertChannelRepository, notifications: Notifications) -> None:
        self._channels = channels
        self._notifications = notifications

    async def handle_async(self, request: ListAlertNotificationsQuery) -> OperationResult[Page[NotificationView]]:
        scope = f"alert-notifications|{request.channel_id}|{request.status}"
        before = newest_before(request.cursor, scope)
        if request.channel_id != CONFIGURED_CHANNEL:
            channel = await self._channels.get_async(request.channel_id)
            if channel is None or channel.state.removed:
                return missing("alert channel", request.channel_id)
        found = await self._notifications.list_async(request.channel_id, request.status, request.limit + 1, before)
        page = found[: request.limit]
        more = len(found) > len(page)
        following = Cursor.encode([page[-1].queued_at, page[-1].notification_id], scope) if more else None
        return self.ok(Page(page, following))
