"""Where the laboratory stands now, for the linear formula."""

from application.labops.metrics.service import Metrics
from application.labops.specimen_table import SpecimenTable
from domain.labops.whatif.linear import CurrentFigures

_MACHINES = "SELECT count(DISTINCT machine_id) FROM specimens"


class CurrentFiguresReader:
    """Takes turn-around and throughput from the metrics, so that both say the same."""

    def __init__(self, table: SpecimenTable, metrics: Metrics) -> None:
        self._table = table
        self._metrics = metrics

    async def read_async(self) -> CurrentFigures:
        """Return the figures, all of one state of the table; zeros where there is no data.

        Raises:
            UnavailableError: the table cannot be read right now.
        """
        with self._table.snapshot() as snapshot:
            turn_around = await self._metrics.compute_async(snapshot, "tat")
            throughput = await self._metrics.compute_async(snapshot, "throughput")
            [(machines,)] = await snapshot.fetch_async(_MACHINES)
        return CurrentFigures(turn_around.p90, throughput.today, machines)
