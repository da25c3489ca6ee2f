"""Specimens and their imports, put together."""

from dataclasses import dataclass

from neuroglia.dependency_injection.service_provider import ServiceCollection, ServiceProviderBase
from neuroglia.hosting.abstractions import HostedService

from application.kernel.leases import Leases
from application.labops.imports.import_ids import ImportIds
from application.labops.imports.import_runs import ImportRuns
from application.labops.imports.imported_files import ImportedFiles
from application.labops.specimens.get_specimen_history import SpecimenFacts
from domain.kernel.clock import Clock
from integration.labops.import_worker import SpecimenImportWorker
from integration.labops.mongo_import_runs import MongoImportRuns
from integration.labops.mongo_imported_files import MongoImportedFiles
from integration.labops.specimen_facts import LoggedSpecimenFacts
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_store import MongoEventStore
from settings import LabopsSettings


@dataclass(frozen=True)
class ImportStores:
    """What is kept of imports."""

    runs: MongoImportRuns
    files: MongoImportedFiles

    async def prepare_async(self) -> None:
        """Make the indexes; to be called before anything starts."""
        await self.runs.prepare_async()
        await self.files.prepare_async()


def register_specimens(
    services: ServiceCollection, driver: MongoDriver, log: MongoEventStore, *, clock: Clock, settings: LabopsSettings
) -> ImportStores:
    """Register what reads single specimens, and imports with their worker, which starts with the application."""
    stores = ImportStores(MongoImportRuns(driver), MongoImportedFiles(driver, clock, settings.max_import_bytes))
    services.add_singleton(SpecimenFacts, singleton=LoggedSpecimenFacts(log))
    services.add_singleton(ImportIds)
    services.add_singleton(ImportRuns, singleton=stores.runs)
    services.add_singleton(ImportedFiles, singleton=stores.files)

    def worker(provider: ServiceProviderBase) -> SpecimenImportWorker:
        leases = provider.get_required_service(Leases)
        return SpecimenImportWorker(log, stores.runs, stores.files, leases, clock, settings)

    services.add_singleton(HostedService, implementation_factory=worker)
    return stores
