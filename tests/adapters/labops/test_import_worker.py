"""The worker of imports over a log that does not answer at the wrong moment."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence
from typing import Any

from application.labops.imports.import_runs import ImportRun, ImportState
from domain.kernel.errors import UnavailableError
from domain.labops.events import LABOPS_EVENTS
from integration.labops.import_worker import SpecimenImportWorker
from integration.labops.mongo_import_runs import MongoImportRuns
from integration.labops.mongo_imported_files import MongoImportedFiles
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.event_store import MongoEventStore
from settings import LabopsSettings
from tests.support.specimen_log import START
from tests.support.tallies import HandClock

HEADER = "specimen_id,assay,machine_id,operator_id,status,error_code,received_at,processed_at\n"


class FalteringLog(MongoEventStore):
    """Stores rows in its second answer only."""

    refusals = 1

    async def commit_many_async(self, commits: Sequence[Any]) -> list[Any]:
        if self.refusals:
            self.refusals -= 1
            await asyncio.sleep(0.2)  # longer than finding out that the file is damaged
            raise UnavailableError("the store gives no answer", 0.1)
        return await super().commit_many_async(commits)


async def test_a_damaged_file_does_not_hide_that_the_rows_before_were_not_stored(driver: MongoDriver) -> None:
    rows = "".join(f"S{n},CBC,M1,O1,RECEIVED,,2026-03-01T08:00:00,\n" for n in range(300))
    packed = gzip.compress((HEADER + rows).encode())

    async def content() -> AsyncIterator[bytes]:
        yield packed[:-8]

    clock = HandClock()
    log = FalteringLog(driver, "labops", EventCodec("labops", LABOPS_EVENTS), clock)
    runs, files = MongoImportRuns(driver), MongoImportedFiles(driver, clock)
    for store in (log, runs, files):
        await store.prepare_async()
    kept = await files.keep_async("1", content(), 1 << 20)
    run = ImportRun(
        import_id="1",
        state=ImportState.QUEUED,
        file_name="cut.csv.gz",
        size=kept.size,
        sha256=kept.sha256,
        actor="tester",
        correlation_id="c",
        uploaded_at=START,
    )
    await runs.add_async(run)
    worker = SpecimenImportWorker(log, runs, files, MongoLeases(driver), clock, LabopsSettings())
    await worker.start_async()
    try:
        async with asyncio.timeout(60):
            while not run.state.ended:
                run = await runs.wait_for_progress_async(run, 5.0) or run
    finally:
        await worker.stop_async()
        await log.close_async()
    assert (run.state, run.error) == (ImportState.FAILED, "the gzip file is damaged or cut off")
    assert (run.rows_read, run.rows_applied, log.refusals) == (300, 300, 0)
