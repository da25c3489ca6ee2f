"""Specimens and their imports, put together."""

from neuroglia.dependency_injection.service_provider import ServiceCollection

from application.labops.specimens.get_specimen_history import SpecimenFacts
from integration.labops.specimen_facts import LoggedSpecimenFacts
from integration.mongo.events.event_store import MongoEventStore


def register_specimens(services: ServiceCollection, log: MongoEventStore) -> None:
    """Register what reads single specimens."""
    services.add_singleton(SpecimenFacts, singleton=LoggedSpecimenFacts(log))
