"""Alert rules, channels and alerts as streams in the labops log."""

from domain.labops.alert import Alert
from domain.labops.alert_channel import AlertChannel
from domain.labops.alert_repositories import AlertChannelRepository, AlertRepository, AlertRuleRepository
from domain.labops.alert_rule import AlertRule
from integration.mongo.events.event_sourced_repository import MongoEventSourcedRepository
from integration.mongo.events.event_store import MongoEventStore


class MongoAlertRuleRepository(MongoEventSourcedRepository[AlertRule], AlertRuleRepository):
    """Rules as streams ``alert-rule-<id>``."""

    def __init__(self, store: MongoEventStore) -> None:
        super().__init__(store, AlertRule)

    async def get_all_async(self) -> list[AlertRule]:
        return list((await self.get_by_id_prefix_async("")).values())


class MongoAlertChannelRepository(MongoEventSourcedRepository[AlertChannel], AlertChannelRepository):
    """Channels as streams ``alert-channel-<id>``."""

    def __init__(self, store: MongoEventStore) -> None:
        super().__init__(store, AlertChannel)

    async def get_all_async(self) -> list[AlertChannel]:
        return list((await self.get_by_id_prefix_async("")).values())


class MongoAlertRepository(MongoEventSourcedRepository[Alert], AlertRepository):
    """Alerts as streams ``alert-<rule id>-<ordinal>``."""

    def __init__(self, store: MongoEventStore) -> None:
        super().__init__(store, Alert)
