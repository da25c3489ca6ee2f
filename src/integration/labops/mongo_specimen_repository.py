"""Specimens as streams in the labops log."""

from domain.labops.repositories import SpecimenRepository
from domain.labops.specimen import Specimen
from integration.mongo.events.event_sourced_repository import MongoEventSourcedRepository
from integration.mongo.events.event_store import MongoEventStore


class MongoSpecimenRepository(MongoEventSourcedRepository[Specimen], SpecimenRepository):
    """Specimens as streams ``specimen-<specimen id>``."""

    def __init__(self, store: MongoEventStore) -> None:
        super().__init__(store, Specimen)
