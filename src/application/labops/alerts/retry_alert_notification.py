"""Send a notification again by hand."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import conflicting, missing
from application.labops.alerts.notifications import Notifications, NotificationView


@dataclass(frozen=True, kw_only=True)
class RetryAlertNotificationCommand(Command[OperationResult[NotificationView]]):
    """Send again what was given up or never confirmed, or a waiting one now instead of later."""

    channel_id: str
    notification_id: str


class RetryAlertNotificationCommandHandler(
    CommandHandler[RetryAlertNotificationCommand, OperationResult[NotificationView]]
):
    def __init__(self, notifications: Notifications) -> None:
        self._notifications = notifications

    async def handle_async(self, request: RetryAlertNotificationCommand) -> OperationResult[NotificationView]:
        if await self._notifications.get_async(request.channel_id, request.notification_id) is None:
            return missing("notification", request.notification_id)
        if not await self._notifications.retry_async(request.channel_id, request.notification_id):
            return conflicting(f"notification {request.notification_id} has nothing that could be sent again")
        view = await self._notifications.get_async(request.channel_id, request.notification_id)
        return missing("notification", request.notification_id) if view is None else self.accepted(view)
