"""The labops log, filled with made-up histories of specimens, and the table that a fold of them in Python gives."""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from application.labops.specimen_table import Row, SpecimenTable
from domain.labops.events import LABOPS_EVENTS
from domain.labops.specimen_events import (
    SpecimenCompletedDomainEvent,
    SpecimenDomainEvent,
    SpecimenFailedDomainEvent,
    SpecimenReceivedDomainEvent,
    SpecimenResultAmendedDomainEvent,
    SpecimenStartedDomainEvent,
)
from integration.labops.table.parquet_specimen_table import ParquetSpecimenTable
from integration.labops.table.rebuild_orders import RebuildOrders
from integration.mongo.driver import MongoDriver
from integration.mongo.events.commit_tails import CommitTails
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.event_store import MongoEventStore
from tests.support.tallies import HandClock

START = datetime(2026, 2, 3, 8, tzinfo=UTC)
_NEXT: dict[str, tuple[type[SpecimenDomainEvent], str]] = {
    "RECEIVED": (SpecimenStartedDomainEvent, "IN_PROCESS"),
    "IN_PROCESS": (SpecimenCompletedDomainEvent, "COMPLETED"),
    "COMPLETED": (SpecimenResultAmendedDomainEvent, "ERROR"),
    "ERROR": (SpecimenResultAmendedDomainEvent, "COMPLETED"),
}


def labops_log(driver: MongoDriver) -> MongoEventStore:
    """Return the log as the application has it."""
    return MongoEventStore(driver, "labops", EventCodec("labops", LABOPS_EVENTS), HandClock())


class SpecimenHistories:
    """Writes to the log and knows what must be in the table."""

    def __init__(self, log: MongoEventStore, seed: int = 1) -> None:
        self.log = log
        self.rows: dict[str, Row] = {}
        self.erased: set[str] = set()
        self._versions: dict[str, int] = {}
        self._random = random.Random(seed)

    async def receive_async(self, specimen_id: str, *, steps: int = 0) -> None:
        """Take a specimen in and move it on ``steps`` times, all in one commit."""
        at = START + timedelta(minutes=self._random.randrange(10_000))
        self.rows[specimen_id] = (
            specimen_id,
            self._random.choice(["CBC", "Chem7", "PCR"]),
            f"M{self._random.randint(1, 5)}",
            f"O{self._random.randint(1, 20)}",
            "RECEIVED",
            None,
            at.replace(tzinfo=None),
            None,
            None,
            0,
        )
        event = SpecimenReceivedDomainEvent(**_fields_of(self.rows[specimen_id]))
        await self._commit_async(specimen_id, event, "RECEIVED", steps)

    async def move_async(self, specimen_id: str, *, steps: int = 1) -> None:
        """Move a specimen on ``steps`` times, all in one commit."""
        await self._commit_async(specimen_id, None, "", steps)

    async def erase_async(self, specimen_id: str) -> None:
        """Erase a specimen's events."""
        await self.log.delete_async(f"specimen-{specimen_id}")
        self.rows.pop(specimen_id)
        self.erased.add(specimen_id)
        self._versions.pop(specimen_id)

    async def _commit_async(self, specimen_id: str, first: SpecimenDomainEvent | None, status: str, steps: int) -> None:
        row = list(self.rows[specimen_id])
        before = self._versions.get(specimen_id, 0)
        events: list[SpecimenDomainEvent] = []
        if first is not None:
            events.append(first)
        for _ in range(steps):
            kind, row[4] = _NEXT[str(row[4])]
            if row[4] == "IN_PROCESS":
                row[7] = row[6] + timedelta(minutes=5)
            elif row[4] in ("COMPLETED", "ERROR"):
                row[8] = (row[8] or row[6]) + timedelta(minutes=self._random.randrange(5, 400))
                row[5] = "E01" if row[4] == "ERROR" else None
                if kind is SpecimenCompletedDomainEvent and self._random.random() < 0.2:
                    kind, row[4], row[5] = SpecimenFailedDomainEvent, "ERROR", "E02"
            more = {"status": row[4]} if kind is SpecimenResultAmendedDomainEvent else {}
            events.append(kind(**_fields_of(tuple(row)), **more))
        for version, event in enumerate(events, before + 1):
            event.aggregate_version, event.event_id = version, f"{specimen_id}.{version}"
        await self.log.commit_async(f"specimen-{specimen_id}", events, before)
        row[9] = self._versions[specimen_id] = before + len(events)
        self.rows[specimen_id] = tuple(row)

    def folded(self) -> list[Row]:
        """Return all rows that must be in the table, by id."""
        return sorted(self.rows.values())


def _fields_of(row: Row) -> dict[str, object]:
    received, started, processed = (time and time.replace(tzinfo=UTC) for time in row[6:9])
    return {
        "aggregate_id": row[0],
        "created_at": START,
        "assay": row[1],
        "machine_id": row[2],
        "operator_id": row[3],
        "error_code": row[5],
        "received_at": received,
        "started_at": started,
        "processed_at": processed,
    }


def table_on(
    log: MongoEventStore,
    driver: MongoDriver,
    folder: Path,
    *,
    flush_rows: int = 100_000,
    page_commits: int = 5_000,
    sweep_seconds: float = 3_600,
) -> ParquetSpecimenTable:
    """Return a table that is not started."""
    tails = CommitTails(driver, log.log, log.codec, log.keep_fresh())
    return ParquetSpecimenTable(
        log, tails, RebuildOrders(driver), HandClock(), folder, 256, flush_rows, page_commits, sweep_seconds
    )


@asynccontextmanager
async def running(table: ParquetSpecimenTable) -> AsyncIterator[ParquetSpecimenTable]:
    """Run a table until the block ends."""
    await table.start_async()
    try:
        yield table
    finally:
        await table.stop_async()


async def rows_of(table: SpecimenTable, position: int | None = None) -> Sequence[Row]:
    """Return all rows, by id, once the table has come to a position."""
    if position is not None:
        assert await table.wait_for_async(position, 30)
    with table.snapshot() as snapshot:
        return await snapshot.fetch_async("SELECT * FROM specimens ORDER BY specimen_id")
