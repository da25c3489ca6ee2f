"""The summary of the day before, posted once a morning."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from application.labops.alerts.channel_payloads import ChannelPayloads
from application.labops.alerts.configured_channel import ConfiguredChannel
from application.labops.alerts.notifications import (
    CONFIGURED_CHANNEL,
    NewNotification,
    Notifications,
    notification_id_of,
)
from application.labops.alerts.ports import MeasuredValues
from application.labops.standups.standup import summary_message


class DailySummary:
    """Posts it to the channel of the settings.

    Args:
        at: when, on the lab's clock; None for never.
    """

    def __init__(
        self,
        measured: MeasuredValues,
        notifications: Notifications,
        payloads: ChannelPayloads,
        configured: ConfiguredChannel,
        zone: ZoneInfo,
        at: time | None,
    ) -> None:
        self._measured = measured
        self._notifications = notifications
        self._payloads = payloads
        self._configured = configured
        self._zone = zone
        self._at = at

    async def post_if_due_async(self, now: datetime) -> bool:
        """Post the summary of the lab's day before this one, from the time of day on that is set; else False.

        However often it is asked, and by how many processes: the id of the message comes from the day.
        """
        local = now.astimezone(self._zone)
        if self._at is None or not self._configured.url or local.time() < self._at:
            return False
        day = local.date() - timedelta(days=1)
        notification_id = notification_id_of(f"summary {day}", CONFIGURED_CHANNEL)
        if await self._notifications.get_async(CONFIGURED_CHANNEL, notification_id) is not None:
            return False
        begins = datetime.combine(day, time(), self._zone)
        ends = datetime.combine(local.date(), time(), self._zone)
        figures = await self._measured.day_async(begins, ends)
        message = summary_message(day, figures, self._payloads.public_url)
        queued = NewNotification(
            notification_id=notification_id,
            channel_id=CONFIGURED_CHANNEL,
            subject="summary",
            about="summary",
            title=message.title,
            body=self._payloads.of_message(self._configured.kind, message),
        )
        await self._notifications.queue_async([queued])
        return True
