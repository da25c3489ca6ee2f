"""The metrics service over one Parquet file, with the engine of the product and its limits."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from application.labops.metrics.current_limits import CurrentSlaLimits
from application.labops.metrics.registry import MetricRegistry
from application.labops.metrics.service import Metrics
from application.labops.specimen_table import SpecimenTable, TableSnapshot, TableStatus
from domain.kernel.clock import SystemClock
from domain.labops.sla_repositories import SlaPolicyRepository
from integration.labops.table.engine import Engine
from integration.labops.table.files import FileShelf
from integration.labops.table.views import Contents, HeldSnapshot, TableView
from integration.labops.table_wiring import MEMORY_MB


class _FileTable(SpecimenTable):
    """A table that is one file and never changes."""

    stamp = "file"

    def __init__(self, path: Path, engine: Engine) -> None:
        self._view = TableView(
            Contents((path,), (), (), (), (), ()), 1, self.stamp, datetime.now(UTC), engine, FileShelf()
        )

    def snapshot(self) -> TableSnapshot:
        return HeldSnapshot(self._view)

    def status(self) -> TableStatus:
        return TableStatus(1, 1, 0, 1, 0, False)

    async def wait_for_async(self, position: int, timeout_seconds: float) -> bool:
        return position <= 1

    async def rebuild_async(self) -> TableStatus:
        return self.status()


class _NoPolicy:
    async def get_async(self, policy_id: str) -> None:
        return None


@contextmanager
def metrics_over(path: Path, folder: Path) -> Iterator[tuple[Metrics, MetricRegistry]]:
    """Open the service over a file of specimens."""
    engine = Engine(path.parent, MEMORY_MB, lambda: None, lambda: True)
    try:
        table = _FileTable(path, engine)
        limits = CurrentSlaLimits(cast(SlaPolicyRepository, _NoPolicy()), table)
        registry = MetricRegistry()
        yield Metrics(table, limits, registry, SystemClock(), ZoneInfo("UTC")), registry
    finally:
        engine.close()
