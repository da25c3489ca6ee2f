"""An import as the application does it, without the application: upload, worker, analytic table."""

import csv
import io
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TextIO
from uuid import uuid4

from neuroglia.hosting.abstractions import HostedService

from application.kernel.leases import Leases
from application.kernel.services import LabkeeperServiceCollection
from application.labops.imports.import_runs import ImportRun, ImportRuns, ImportState
from application.labops.imports.imported_files import ImportedFiles
from application.labops.specimen_table import SpecimenTable
from application.labops.specimens.synthetic import synthetic_readings
from cli.specimens_commands import COLUMNS
from domain.kernel.clock import SystemClock
from domain.labops.events import LABOPS_EVENTS
from integration.labops.imports_wiring import register_specimens
from integration.labops.table_wiring import register_table
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.driver import MongoDriver, open_driver
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.event_store import MongoEventStore
from settings import LabopsSettings

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)


def write_file(to: TextIO, rows: int) -> None:
    """Write synthetic specimens."""
    writer = csv.writer(to)
    writer.writerow(COLUMNS)
    for one in synthetic_readings(rows, seed=42, days=30, error_rate=0.07, until=UNTIL):
        values = [getattr(one, name) for name in COLUMNS]
        writer.writerow(f"{v:%Y-%m-%dT%H:%M:%SZ}" if isinstance(v, datetime) else v for v in values)


@cache
def a_file(rows: int) -> bytes:
    """Return synthetic specimens as a file."""
    text = io.StringIO()
    write_file(text, rows)
    return text.getvalue().encode()


@dataclass
class ImportBench:
    """A database of its own, with the import worker and the table running on it."""

    driver: MongoDriver
    log: MongoEventStore
    runs: ImportRuns
    files: ImportedFiles
    table: SpecimenTable

    async def import_async(self, content: AsyncIterator[bytes]) -> ImportRun:
        """Keep a file, import it, and wait until the table shows all of it."""
        import_id = uuid4().hex
        kept = await self.files.keep_async(import_id, content, 1 << 40)
        run = ImportRun(
            import_id=import_id,
            state=ImportState.QUEUED,
            file_name="bench.csv",
            size=kept.size,
            sha256=kept.sha256,
            actor="bench",
            correlation_id=import_id,
            uploaded_at=UNTIL,
        )
        await self.runs.add_async(run)
        while not run.state.ended:
            seen = await self.runs.wait_for_progress_async(run, 60)
            assert seen is not None
            run = seen
        assert run.state is ImportState.COMPLETED, run
        assert await self.table.wait_for_async(await self.log.head_async(), 120)
        return run


@asynccontextmanager
async def import_bench(uri: str) -> AsyncIterator[ImportBench]:
    """Start worker and table on a fresh database; drop it at the end."""
    driver = open_driver("motor", uri, f"bench_{uuid4().hex}")
    clock = SystemClock()
    log = MongoEventStore(driver, "labops", EventCodec("labops", LABOPS_EVENTS), clock)
    await log.prepare_async()
    services = LabkeeperServiceCollection()
    services.add_singleton(Leases, singleton=MongoLeases(driver))
    with tempfile.TemporaryDirectory() as folder:
        register_table(services, driver=driver, log=log, clock=clock, data_dir=Path(folder))
        stores = register_specimens(services, driver, log, clock=clock, settings=LabopsSettings())
        await stores.prepare_async()
        provider: Any = services.build()
        running: list[Any] = list(provider.get_services(HostedService))
        for service in running:
            await service.start_async()
        try:
            table = provider.get_required_service(SpecimenTable)
            yield ImportBench(driver, log, stores.runs, stores.files, table)
        finally:
            for service in reversed(running):
                await service.stop_async()
            await log.close_async()
            await driver.command_async({"dropDatabase": 1})
            await driver.close_async()


async def in_pieces(content: bytes) -> AsyncIterator[bytes]:
    """Return a file as an upload brings it."""
    for start in range(0, len(content), 1 << 16):
        yield content[start : start + (1 << 16)]
