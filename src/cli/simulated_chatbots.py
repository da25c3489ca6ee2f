"""The demo's Open Chat Studio."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx

from cli.demo_workers import DemoError
from cli.forced_end import ended_by_force
from cli.simulators import end_simulator_async, launch_simulator_async, url_of_simulator_async

API_KEY = "simulated"


@asynccontextmanager
async def running_chatbots() -> AsyncIterator[str]:
    """Run a simulated Open Chat Studio until the block ends; yield its URL. It forgets what was said."""
    process = await launch_simulator_async("integration.simulators.ocs", {"api-key": API_KEY})

    def kill() -> None:
        with suppress(ProcessLookupError):
            process.kill()

    with ended_by_force(kill):
        try:
            yield await url_of_simulator_async("the simulated Open Chat Studio", process)
        finally:
            await end_simulator_async(process)


async def hand_over_key_async(client: httpx.AsyncClient) -> None:
    """Have Labkeeper keep the key to it.

    Raises:
        DemoError: it refuses.
    """
    answer = await client.put("/chatbots/key", json={"api_key": API_KEY})
    if not answer.is_success:
        raise DemoError(f"the key to the bots was refused: {answer.status_code} {answer.text}")
