"""The demo's controllers: processes of their own that end with this one, however it ends."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cli.forced_end import ended_by_force
from cli.simulators import end_simulator_async, launch_simulator_async, url_of_simulator_async

PORTS_FILE = "ports.json"


@dataclass(frozen=True, slots=True)
class SimulatedController:
    """A controller of the demo. ``region`` is where it gets registered."""

    name: str
    region: str
    seed: int
    labs: int
    step_seconds: float
    username: str = "admin"
    password: str = "password"  # noqa: S105  the documented password of a simulator


class StartedControllers:
    """Controllers that were started and may still be starting."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: dict[str, asyncio.subprocess.Process] = {}

    async def launch_async(self, controllers: Sequence[SimulatedController]) -> None:
        """Start them, each on the port it had before if that is free."""
        ports = _read_ports(self._folder / PORTS_FILE)
        for controller in controllers:
            port = ports.get(controller.name, 0)
            self._started[controller.name] = await _launch_async(controller, self._folder, port)

    async def urls_async(self) -> dict[str, str]:
        """Wait until all serve, and return where, by name.

        Raises:
            SimulatorError: one did not start.
        """
        urls = {
            name: await url_of_simulator_async(f"the simulated controller {name}", process)
            for name, process in self._started.items()
        }
        ports = {name: int(url.rsplit(":", 1)[1]) for name, url in urls.items()}
        (self._folder / PORTS_FILE).write_bytes(msgspec.json.encode(ports))
        return urls

    def kill_at_once(self) -> None:
        """End them all without asking. One that is just being started ends when its input does."""
        for process in self._started.values():
            with suppress(ProcessLookupError):
                process.kill()

    async def end_async(self) -> None:
        """End them all."""
        await asyncio.gather(*(end_simulator_async(process) for process in self._started.values()))


@asynccontextmanager
async def running_controllers(
    controllers: Sequence[SimulatedController], data_dir: Path
) -> AsyncIterator[StartedControllers]:
    """Run simulated controllers until the block ends. Their labs go on from where they were."""
    folder = data_dir / "demo"
    folder.mkdir(mode=0o700, exist_ok=True)
    started = StartedControllers(folder)
    with ended_by_force(started.kill_at_once):
        try:
            await started.launch_async(controllers)
            yield started
        finally:
            await started.end_async()


def _read_ports(path: Path) -> dict[str, int]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, int])
    except (FileNotFoundError, msgspec.MsgspecError):
        return {}


async def _launch_async(controller: SimulatedController, folder: Path, port: int) -> asyncio.subprocess.Process:
    flags = {
        "port": port,
        "name": controller.name,
        "seed": controller.seed,
        "labs": controller.labs,
        "step-seconds": controller.step_seconds,
        "username": controller.username,
        "password": controller.password,
        "state-file": folder / f"{controller.name}.json",
    }
    return await launch_simulator_async("integration.simulators.cml", flags)
