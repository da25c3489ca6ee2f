"""Importing a file of specimens, events and analytic table included, against a plain insert of the same rows."""

import asyncio
import csv
import io
import os
import sys
import tempfile
import time
from datetime import datetime
from typing import Any

from tests.benchmarks.child import ROOT
from tests.benchmarks.labops_import_material import a_file, import_bench, in_pieces, write_file
from tests.benchmarks.measuring import Reading, Row, alternating

ROWS_IMPORTED = 50_000
SMALL, LARGE = 100_000, 1_000_000


async def _speed(uri: str) -> Reading:
    content = a_file(ROWS_IMPORTED)
    rows: list[dict[str, Any]] = []
    for row in csv.DictReader(io.StringIO(content.decode())):
        values: dict[str, Any] = {name: value or None for name, value in row.items()}
        for name in ("received_at", "started_at", "processed_at"):
            values[name] = values[name] and datetime.fromisoformat(values[name])
        rows.append(values)

    async def ours() -> float:
        async with import_bench(uri) as bench:
            started = time.perf_counter()
            run = await bench.import_async(in_pieces(content))
            assert run.rows_applied == ROWS_IMPORTED, run
            return ROWS_IMPORTED / (time.perf_counter() - started)

    async def baseline() -> float:
        async with import_bench(uri) as bench:
            plain = bench.driver.collection("plain_specimens")
            await plain.create_index("specimen_id", unique=True)
            documents = [dict(row) for row in rows]
            started = time.perf_counter()
            for start in range(0, len(documents), 1000):
                await plain.insert_many(documents[start : start + 1000])
            return ROWS_IMPORTED / (time.perf_counter() - started)

    return await alternating(ours, baseline, rounds=3)


async def _memory(uri: str) -> Reading:
    async def peak(rows: int) -> float:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
        module = "tests.benchmarks.labops_import_process"
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", suffix=".csv") as file:
            write_file(file, rows)  # not in the measured process: making a million rows takes memory of its own
            file.flush()
            command = (sys.executable, "-m", module, uri, file.name, str(rows))
            process = await asyncio.create_subprocess_exec(
                *command, stdout=asyncio.subprocess.PIPE, cwd=ROOT, env=environment
            )
            told, _ = await process.communicate()
        assert process.returncode == 0, told
        return float(told.split()[-1])

    large, small = await peak(LARGE), await peak(SMALL)
    return Reading(large, small, large / small)


ROWS = (
    Row("import_csv_vs_raw_insert_many", 0.25, "higher", "rows/s", _speed),
    Row("import_peak_memory_10x", 1.3, "lower", "MiB", _memory),
)
