"""The demo's Microsoft Teams, where its alerts arrive."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from cli.forced_end import ended_by_force
from cli.simulators import end_simulator_async, launch_simulator_async, url_of_simulator_async

STANDUPS = "/workflows/stand-ups"
ALERTS = "/workflows/alerts"


@asynccontextmanager
async def running_teams() -> AsyncIterator[str]:
    """Run a simulated Microsoft Teams until the block ends; yield its URL. It forgets what it was told."""
    process = await launch_simulator_async("integration.simulators.teams", {})

    def kill() -> None:
        with suppress(ProcessLookupError):
            process.kill()

    with ended_by_force(kill):
        try:
            yield await url_of_simulator_async("the simulated Microsoft Teams", process)
        finally:
            await end_simulator_async(process)
