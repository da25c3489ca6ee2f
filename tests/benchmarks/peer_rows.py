"""A peer: the PyPI library ``eventsourcing`` with its SQLite recorder on a file."""

import asyncio
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from domain.kernel.clock import SystemClock
from tests.benchmarks.append_rows import at_once
from tests.benchmarks.material import a_new_record, a_snapshot, fresh_number, workbench
from tests.benchmarks.measuring import Reading, Row, alternating

WRITERS, COUNT = 16, 2000


class PeerLab(Aggregate):
    """A lab in the peer's own way, with the same fields as plain values."""

    @event("Created")
    def __init__(
        self,
        worker_id: str,
        lab_id: str,
        title: str,
        description: str,
        notes: str,
        state: str,
        owner_id: str,
        owner_username: str,
        owner_fullname: str,
        node_count: int,
        link_count: int,
        groups: list[str],
        cml_created_at: str,
        cml_modified_at: str,
    ) -> None:
        self.lab_state = state
        self.title = title


def _a_peer_lab() -> PeerLab:
    lab = a_snapshot(fresh_number())
    return PeerLab(
        "worker-1",
        lab.lab_id,
        lab.title,
        lab.description,
        lab.notes,
        lab.state,
        lab.owner_id,
        lab.owner_username or "",
        lab.owner_fullname or "",
        lab.node_count,
        lab.link_count,
        list(lab.groups),
        str(lab.cml_created_at),
        str(lab.cml_modified_at),
    )


async def _sqlite(uri: str) -> Reading:
    """Measure single saves; the peer's are made by threads, as its recorder is meant to be used.

    It runs with its defaults for a file: write-ahead log, ``synchronous=FULL`` (SQLite's own), one writer at a time.
    """
    folder = Path(tempfile.mkdtemp(prefix="labkeeper-bench-"))
    peer: Application[UUID] = Application(
        env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(folder / "peer.db")}
    )
    try:
        async with workbench(uri) as bench:
            clock = SystemClock()

            async def ours() -> float:
                return COUNT / await at_once(
                    WRITERS, COUNT, lambda _: bench.records.add_async(a_new_record(clock.now()))
                )

            async def baseline() -> float:
                return await asyncio.to_thread(saves)

            def saves() -> float:
                started = time.perf_counter()
                with ThreadPoolExecutor(WRITERS) as threads:
                    for _ in threads.map(lambda _: peer.save(_a_peer_lab()), range(COUNT)):
                        pass
                return COUNT / (time.perf_counter() - started)

            return await alternating(ours, baseline, 3)
    finally:
        peer.close()
        shutil.rmtree(folder, ignore_errors=True)


ROWS = (Row("append_c16_vs_eventsourcing_sqlite", 2, "higher", "commits/s", _sqlite),)
