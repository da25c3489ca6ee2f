"""One import in a process of its own, whose peak memory is told: ``python -m ... URI ROWS``."""

import csv
import io
import logging
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import structlog
import uvloop

from application.labops.specimens.synthetic import synthetic_readings
from cli.specimens_commands import COLUMNS
from integration.garbage_collection import calm_the_collector
from tests.benchmarks.labops_import_material import UNTIL, import_bench


async def pieces_of(rows: int) -> AsyncIterator[bytes]:
    """Return a file that nobody holds as a whole."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for one in synthetic_readings(rows, seed=42, days=30, error_rate=0.07, until=UNTIL):
        values = [getattr(one, name) for name in COLUMNS]
        writer.writerow(f"{v:%Y-%m-%dT%H:%M:%SZ}" if isinstance(v, datetime) else v for v in values)
        if text.tell() > 1 << 16:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def peak_mebibytes() -> float:
    """Return the most memory that this process ever held."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system does not tell")


async def main(uri: str, rows: int) -> None:
    async with import_bench(uri) as bench:
        run = await bench.import_async(pieces_of(rows))
        assert run.rows_read == rows, run
    print(peak_mebibytes())


if __name__ == "__main__":
    # What is logged goes to the same stream as the answer.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    calm_the_collector()
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))
