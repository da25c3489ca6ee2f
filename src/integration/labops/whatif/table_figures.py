"""The figures of now, read from the table of specimens."""

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from application.labops.specimen_table import SpecimenTable
from application.labops.whatif.current_figures import CurrentFiguresReader
from domain.kernel.clock import Clock
from domain.labops.whatif.linear import CurrentFigures

_FIGURES = """
WITH turnarounds AS (
    SELECT processed_at, epoch(processed_at - received_at) / 60 AS minutes
    FROM specimens WHERE status = 'COMPLETED' AND processed_at IS NOT NULL
)
SELECT
    (SELECT coalesce(quantile_cont(minutes, 0.9), 0) FROM turnarounds WHERE minutes >= 0),
    (SELECT count(*) FROM turnarounds WHERE processed_at >= $begin AND processed_at < $end),
    (SELECT count(DISTINCT machine_id) FROM specimens)
"""


class TableFigures(CurrentFiguresReader):
    """Asks the table once per question."""

    def __init__(self, table: SpecimenTable, clock: Clock, zone: ZoneInfo) -> None:
        self._table = table
        self._clock = clock
        self._zone = zone

    async def read_async(self) -> CurrentFigures:
        today = self._clock.now().astimezone(self._zone).replace(hour=0, minute=0, second=0, microsecond=0)
        begin, end = today.astimezone(UTC), (today + timedelta(days=1)).astimezone(UTC)
        with self._table.snapshot() as snapshot:
            [(tat, throughput, machines)] = await snapshot.fetch_async(_FIGURES, {"begin": begin, "end": end})
        return CurrentFigures(float(tat), int(throughput), int(machines))
