"""After a removal nothing secret and nothing unsent stays, even when the process died in the middle of it."""

from application.contracts.signed_messages import SignedMessages
from application.kernel.event_feed import RecordedFact
from application.kernel.subscriptions import Subscriber
from application.labops.alerts.channel_addresses import ChannelAddresses
from application.labops.alerts.notifications import Notifications
from domain.labops.alert_events import AlertChannelRemovedDomainEvent


class WhenAlertChannelRemovedForgetItsAddress(Subscriber):
    """Subscription ``alert-channels-removed``."""

    name = "alert-channels-removed"
    log = "labops"
    event_types = frozenset({AlertChannelRemovedDomainEvent.event_type})

    def __init__(
        self, addresses: ChannelAddresses, notifications: Notifications, signed_messages: SignedMessages
    ) -> None:
        self._addresses = addresses
        self._notifications = notifications
        self._signed = signed_messages

    async def handle_async(self, fact: RecordedFact) -> None:
        channel_id = fact.event.aggregate_id
        await self._addresses.remove_async(channel_id)
        await self._signed.forget_async(channel_id)
        await self._notifications.drop_pending_async(channel_id)
