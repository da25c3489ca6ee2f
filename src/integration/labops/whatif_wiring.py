"""What-if, put together."""

from neuroglia.dependency_injection.service_provider import ServiceCollection, ServiceProviderBase
from neuroglia.hosting.abstractions import HostedService

from application.kernel.leases import Leases
from application.labops.whatif.calibration import LaboratoryCalibration
from application.labops.whatif.current_figures import CurrentFiguresReader
from application.labops.whatif.runs import SimulationRuns
from domain.kernel.clock import Clock
from integration.labops.whatif.mongo_simulation_runs import MongoSimulationRuns
from integration.labops.whatif.simulation_runner import SimulationRunner
from integration.mongo.driver import MongoDriver
from settings import LabopsSettings


def register_whatif(
    services: ServiceCollection, *, driver: MongoDriver, clock: Clock, settings: LabopsSettings
) -> None:
    """Register what the use cases of what-if need, and what runs the simulations (a hosted service)."""
    runs = MongoSimulationRuns(driver, clock)

    def runner(provider: ServiceProviderBase) -> SimulationRunner:
        return SimulationRunner(runs, provider.get_required_service(Leases), settings.whatif_processes)

    services.add_singleton(CurrentFiguresReader)
    services.add_singleton(SimulationRuns, singleton=runs)
    services.add_singleton(LaboratoryCalibration)
    services.add_singleton(HostedService, implementation_factory=runner)
