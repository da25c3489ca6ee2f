"""One import in a process of its own, whose peak memory is told: ``python -m ... URI FILE ROWS``."""

import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import structlog
import uvloop

from integration.garbage_collection import calm_the_collector
from tests.benchmarks.labops_import_material import import_bench


async def pieces_of(path: Path) -> AsyncIterator[bytes]:
    """Return a file as an upload brings it."""
    with path.open("rb") as file:
        while piece := file.read(1 << 16):
            yield piece


def peak_mebibytes() -> float:
    """Return the most memory that this process ever held."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system does not tell")


async def main(uri: str, path: Path, rows: int) -> None:
    async with import_bench(uri) as bench:
        run = await bench.import_async(pieces_of(path))
        assert run.rows_read == rows, run
    print(peak_mebibytes())


if __name__ == "__main__":
    # What is logged goes to the same stream as the answer.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    calm_the_collector()
    uvloop.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
