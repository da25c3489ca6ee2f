"""A process that simulates, from here."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from domain.labops.whatif.simulation import Simulation
from integration.labops.whatif.worker import Replicated

_LONGEST_LINE = 16 << 20


class SimulationFailedError(Exception):
    """The process ended in the middle. The message is the last line that it said."""


class SimulationProcess:
    """A process that simulates."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def replications_async(self) -> AsyncIterator[Replicated]:
        """Yield the replications as they are done.

        Raises:
            SimulationFailedError: the process ended early.
        """
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        async for line in self._process.stdout:
            yield msgspec.json.decode(line, type=Replicated)
        said = (await self._process.stderr.read()).decode(errors="replace").strip()
        code = await self._process.wait()
        if code:
            raise SimulationFailedError(said.rpartition("\n")[2] or f"the process ended with {code}")


@asynccontextmanager
async def simulating(simulation: Simulation) -> AsyncIterator[SimulationProcess]:
    """Simulate in a process of its own, which is killed at the end of the block."""
    # Nothing else of our environment: it holds secrets, and a simulation needs none.
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "integration.labops.whatif.worker",
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=environment,
        limit=_LONGEST_LINE,
        start_new_session=True,  # Ctrl+C at a terminal is for the application, which ends it
    )
    assert process.stdin is not None
    try:
        process.stdin.write(msgspec.json.encode(simulation) + b"\n")
        yield SimulationProcess(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
