"""Works through the queue of imports, one after the other, in one process at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

import structlog
from neuroglia.hosting.abstractions import HostedService

from application.kernel.lease_keeper import HeldLease
from application.kernel.leases import Leases
from application.kernel.request_context import RequestContext, acting_as
from application.labops.imports.csv_rows import CsvRows, UnreadableFileError
from application.labops.imports.import_runs import ImportRun, ImportRuns, ImportState, RejectedRow
from application.labops.imports.imported_files import ImportedFiles
from application.labops.imports.specimen_rows import Batch, SpecimenRows
from domain.kernel.clock import Clock
from domain.kernel.errors import LabkeeperError, UnavailableError
from domain.labops.import_events import ImportEndedDomainEvent
from integration.labops.import_batches import ImportBatches, Prepared
from integration.mongo.events.event_store import MongoEventStore
from integration.mongo.subscriptions.held_reader import HeldReader
from settings import LabopsSettings

BATCH_ROWS = 1_000
POLL_SECONDS = 1.0
PIECE_SECONDS = 60.0
UNPACKED_TIMES = 10
"""A packed file may hold so many times what a file may have."""

log = structlog.get_logger(__name__)


class OvertakenError(LabkeeperError):
    """Another process works on the import by now."""


class SpecimenImportWorker(HeldReader, HostedService):
    """Takes imports while it holds the lease ``specimen-imports``.

    Progress is saved after each batch, so a process that dies is followed by one that goes on with the batch at hand.
    """

    def __init__(
        self,
        event_log: MongoEventStore,
        runs: ImportRuns,
        files: ImportedFiles,
        leases: Leases,
        clock: Clock,
        settings: LabopsSettings,
    ) -> None:
        super().__init__("specimen-imports", "labops", leases)
        self._event_log = event_log
        self._runs = runs
        self._files = files
        self._clock = clock
        self._zone = ZoneInfo(settings.timezone)
        self._most_bytes = UNPACKED_TIMES * settings.max_import_bytes

    @property
    def lease_key(self) -> str:
        return self.name

    async def start_async(self) -> None:
        self.start()

    async def work_async(self, held: HeldLease) -> None:
        while not self.should_stop(held):
            run = await self._runs.next_async()
            if run is None:
                await self.unless_stopping_async(self._runs.wait_for_next_async(POLL_SECONDS))
                continue
            context = RequestContext(
                actor=run.actor, correlation_id=run.correlation_id, command_id=f"import-{run.import_id}"
            )
            with acting_as(context):
                await self._import_async(replace(run, token=held.token), held)
            self.failure = None

    async def _import_async(self, run: ImportRun, held: HeldLease) -> None:
        again = run.started_at is not None
        begun = await self._runs.save_async(
            replace(run, state=ImportState.RUNNING, started_at=run.started_at or self._clock.now())
        )
        if begun is None:
            return
        run = begun
        try:
            ended = await self._take_rows_async(run, held, again=again)
        except OvertakenError:
            log.info("import_was_overtaken", import_id=run.import_id)
            return
        except UnreadableFileError as error:
            current = await self._runs.get_async(run.import_id) or run
            ended = replace(current, state=ImportState.FAILED, error=str(error))
        except UnavailableError:
            raise
        except Exception:  # process edge: one file's surprise must not keep the others waiting for ever
            log.exception("import_failed", import_id=run.import_id)
            current = await self._runs.get_async(run.import_id) or run
            ended = replace(current, state=ImportState.FAILED, error="something went wrong on our side")
        if ended is not None:
            await self._end_async(ended)

    async def _take_rows_async(self, run: ImportRun, held: HeldLease, *, again: bool) -> ImportRun | None:
        """Take row by row; return the import as it ended, None when this process is to stop before."""
        if run.cancelling:
            return replace(run, state=ImportState.CANCELLED)
        batches = ImportBatches(self._event_log, self._clock, run.import_id)
        loop = asyncio.get_running_loop()
        pieces = self._files.read_async(run.import_id)

        def next_piece() -> bytes:
            try:
                return asyncio.run_coroutine_threadsafe(_next(pieces), loop).result(PIECE_SECONDS)
            except TimeoutError:
                raise UnavailableError("the store of imported files gives no answer") from None

        rows = await asyncio.to_thread(self._open, run, next_piece)
        run = await self._saved_async(replace(run, ignored_columns=rows.ignored))
        reading = asyncio.create_task(asyncio.to_thread(rows.take, BATCH_ROWS))
        writing: asyncio.Task[ImportRun] | None = None
        written: frozenset[str] = frozenset()
        try:
            while True:
                try:
                    batch = await reading
                except UnreadableFileError:
                    if writing is not None:
                        await writing  # rows that could not be stored are tried again before the import ends
                    raise
                reading = asyncio.create_task(asyncio.to_thread(rows.take, BATCH_ROWS))
                ids = frozenset(row.specimen_id for _, row in batch.rows)
                if writing is not None and written & ids:
                    run, writing = await writing, None
                prepared = await batches.prepare_async(batch.rows, again=again)
                if writing is not None:
                    run, writing = await writing, None
                if run.cancelling:
                    return replace(run, state=ImportState.CANCELLED)
                if self.should_stop(held):
                    return None
                if not batch.rows and not batch.rejected:
                    self._check_whole(run, batch)
                    return replace(run, state=ImportState.COMPLETED, bytes_read=run.size)
                again = False
                written = ids
                writing = asyncio.create_task(self._write_async(batches, run, batch, prepared))
        finally:
            await _settle_async(reading, writing)
            await pieces.aclose()  # type: ignore[attr-defined]  # an asynchronous generator

    def _open(self, run: ImportRun, next_piece: Callable[[], bytes]) -> SpecimenRows:
        rows = SpecimenRows(CsvRows(next_piece, self._most_bytes), self._zone)
        rows.skip(run.rows_read)
        return rows

    async def _write_async(self, batches: ImportBatches, run: ImportRun, batch: Batch, prepared: Prepared) -> ImportRun:
        taken = await batches.write_async(prepared)
        rejected: list[RejectedRow] = [*batch.rejected, *map(batch.quoting, taken.rejected)]
        await self._runs.reject_async(run.import_id, rejected)
        return await self._saved_async(
            replace(
                run,
                rows_read=batch.rows_read,
                rows_applied=run.rows_applied + taken.applied,
                rows_unchanged=run.rows_unchanged + taken.unchanged,
                rows_rejected=run.rows_rejected + len(rejected),
                bytes_read=min(batch.bytes_read, run.size),
            )
        )

    def _check_whole(self, run: ImportRun, batch: Batch) -> None:
        if batch.bytes_read < run.size:
            raise UnreadableFileError("the file is not kept any more")

    async def _saved_async(self, run: ImportRun) -> ImportRun:
        saved = await self._runs.save_async(run)
        if saved is None:
            raise OvertakenError(run.import_id)
        return saved

    async def _end_async(self, run: ImportRun) -> None:
        """Tell the end, then write it down; told again, it is told once."""
        event = ImportEndedDomainEvent(
            aggregate_id=run.import_id,
            created_at=self._clock.now(),
            event_id=f"{run.import_id}.1",
            aggregate_version=1,
            outcome=run.state.value,
            file_name=run.file_name,
            sha256=run.sha256,
            rows_read=run.rows_read,
            rows_applied=run.rows_applied,
            rows_unchanged=run.rows_unchanged,
            rows_rejected=run.rows_rejected,
        )
        await self._event_log.commit_many_async(
            [(f"import-{run.import_id}", [event], 0, f"import-ended:{run.import_id}")]
        )
        await self._files.forget_later_async(run.import_id)
        await self._runs.save_async(replace(run, ended_at=self._clock.now()))


async def _next(pieces: AsyncIterator[bytes]) -> bytes:
    return await anext(pieces, b"")


async def _settle_async(*tasks: "asyncio.Task[Batch] | asyncio.Task[ImportRun] | None") -> None:
    running = [task for task in tasks if task is not None]
    await asyncio.gather(*running, return_exceptions=True)
