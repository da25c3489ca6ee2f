"""Processes that stand in for other systems in the demo; they end with this one, however it ends."""

import asyncio
import sys
from collections.abc import Mapping

from domain.kernel.errors import LabkeeperError
from integration.mongo.server.mongod_port import port_is_free

START_SECONDS = 30.0
END_SECONDS = 5.0


class SimulatorError(LabkeeperError):
    """A simulator did not start."""


async def launch_simulator_async(module: str, flags: Mapping[str, object]) -> asyncio.subprocess.Process:
    """Start a simulator by its module. A ``port`` among the flags is taken if it is free, else any."""
    given = dict(flags)
    port = given.get("port")
    given["port"] = port if isinstance(port, int) and port and port_is_free(port) else 0
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", module, "--exit-with-parent"),
        *(str(part) for name, value in given.items() for part in (f"--{name}", value)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C in the terminal reaches the application first; they end with it
    )


async def url_of_simulator_async(name: str, process: asyncio.subprocess.Process) -> str:
    """Wait until a simulator serves, and return where.

    Raises:
        SimulatorError: it did not start.
    """
    assert process.stdout is not None
    try:
        said = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
    except TimeoutError:
        said = b""
    if not said:
        raise SimulatorError(f"{name} did not start; what it said is above")
    return said.decode().split()[-1]


async def end_simulator_async(process: asyncio.subprocess.Process) -> None:
    """Ask a simulator to end, and make it."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), END_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
