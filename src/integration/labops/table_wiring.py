"""The analytic table, put together."""

from pathlib import Path

from neuroglia.dependency_injection.service_provider import ServiceCollection
from neuroglia.hosting.abstractions import HostedService

from application.kernel.subscriptions import OwnReadModel
from application.labops.specimen_table import SpecimenTable
from domain.kernel.clock import Clock
from integration.labops.table.parquet_specimen_table import ParquetSpecimenTable
from integration.labops.table.rebuild_orders import RebuildOrders
from integration.mongo.driver import MongoDriver
from integration.mongo.events.commit_tails import CommitTails
from integration.mongo.events.event_store import MongoEventStore

FOLDER = "analytics"
MEMORY_MB = 384


def register_table(
    services: ServiceCollection, *, driver: MongoDriver, log: MongoEventStore, clock: Clock, data_dir: Path
) -> None:
    """Register the table; it starts with the application."""
    tails = CommitTails(driver, log.log, log.codec, log.keep_fresh())
    table = ParquetSpecimenTable(log, tails, RebuildOrders(driver), clock, data_dir / FOLDER, MEMORY_MB)
    services.add_singleton(SpecimenTable, singleton=table)
    services.add_singleton(OwnReadModel, singleton=table)
    services.add_singleton(HostedService, singleton=table)
