"""What-if, put together."""

from zoneinfo import ZoneInfo

from neuroglia.dependency_injection.service_provider import ServiceCollection, ServiceProviderBase

from application.labops.specimen_table import SpecimenTable
from application.labops.whatif.current_figures import CurrentFiguresReader
from domain.kernel.clock import Clock
from integration.labops.whatif.table_figures import TableFigures
from settings import LabopsSettings


def register_whatif(services: ServiceCollection, *, clock: Clock, settings: LabopsSettings) -> None:
    """Register what the use cases of what-if need."""

    def figures(provider: ServiceProviderBase) -> TableFigures:
        return TableFigures(provider.get_required_service(SpecimenTable), clock, ZoneInfo(settings.timezone))

    services.add_singleton(CurrentFiguresReader, implementation_factory=figures)
