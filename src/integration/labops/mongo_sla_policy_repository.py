"""What is promised, as a stream in the labops log."""

from domain.labops.sla_policy import SlaPolicy
from domain.labops.sla_repositories import SlaPolicyRepository
from integration.mongo.events.event_sourced_repository import MongoEventSourcedRepository
from integration.mongo.events.event_store import MongoEventStore


class MongoSlaPolicyRepository(MongoEventSourcedRepository[SlaPolicy], SlaPolicyRepository):
    """The one stream ``sla-policy-sla-policy``."""

    def __init__(self, store: MongoEventStore) -> None:
        super().__init__(store, SlaPolicy)
