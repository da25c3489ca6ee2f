"""Making the simulated controllers known to Labkeeper, once, over its own API."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from cli.output import warn
from cli.simulated_controllers import SimulatedController
from domain.kernel.errors import LabkeeperError

FIRST_REFRESH_SECONDS = 60.0
NAME_IN_USE_SECONDS = 30.0
_LOOK_AGAIN_SECONDS = 0.1


class DemoError(LabkeeperError):
    """The application refuses what the demo asks of it."""


async def register_controllers_async(
    client: httpx.AsyncClient, controllers: Sequence[SimulatedController], urls: Mapping[str, str]
) -> list[str]:
    """Register the controllers that are not known by name yet; tell the others' workers where they are now.

    Returns:
        The path of each worker.
    """
    paths = []
    for controller in controllers:
        region = f"/workers/region/{controller.region}/workers"
        url = urls[controller.name]
        known = await _known_async(client, region, controller, url)
        if known["endpoint_url"].rstrip("/") != url:
            await _changed_async(client, f"{region}/{known['worker_id']}", url)
        paths.append(f"{region}/{known['worker_id']}")
    return paths


async def first_refresh_async(client: httpx.AsyncClient, workers: Sequence[str], since: datetime) -> int:
    """Wait until every active worker was refreshed since then; return how many labs there are in all."""
    await asyncio.gather(*(_refresh_async(client, worker, since) for worker in workers))
    counts = await asyncio.gather(*(_count_labs_async(client, worker) for worker in workers))
    return sum(counts)


async def _known_async(
    client: httpx.AsyncClient, region: str, controller: SimulatedController, url: str
) -> dict[str, Any]:
    """Return the worker of a controller, a new one if there is none yet."""
    deadline = asyncio.get_running_loop().time() + NAME_IN_USE_SECONDS
    while True:
        known = await _find_async(client, region, controller.name)
        if known is not None:
            return known
        answer = await _register_async(client, region, controller, url)
        # After a kill the list may lag behind, or the name wait for a registration that was cut off.
        if answer.status_code != httpx.codes.CONFLICT or asyncio.get_running_loop().time() > deadline:
            return dict(_answer(answer))
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


async def _find_async(client: httpx.AsyncClient, region: str, name: str) -> dict[str, Any] | None:
    cursor: str | None = None
    while True:
        page = _answer(await client.get(region, params={"limit": 200, **({"cursor": cursor} if cursor else {})}))
        for worker in page["items"]:
            if worker["name"] == name:
                return dict(worker)
        cursor = page["next_cursor"]
        if cursor is None:
            return None


async def _register_async(
    client: httpx.AsyncClient, region: str, controller: SimulatedController, url: str
) -> httpx.Response:
    body = {
        "name": controller.name,
        "endpoint_url": url,
        "username": controller.username,
        "password": controller.password,
        "verify_tls": False,
    }
    return await client.post(region, json=body)


async def _changed_async(client: httpx.AsyncClient, worker: str, url: str) -> None:
    _answer(await client.patch(worker, json={"endpoint_url": url}))


async def _refresh_async(client: httpx.AsyncClient, worker: str, since: datetime) -> None:
    """Wait for the refresh that a start or a registration brings; ask for one where none comes."""
    deadline = asyncio.get_running_loop().time() + FIRST_REFRESH_SECONDS
    asked = False
    while asyncio.get_running_loop().time() < deadline:
        seen = _answer(await client.get(worker))
        synced = seen["last_synced_at"]
        if not seen["active"] or (synced and datetime.fromisoformat(synced) >= since):
            return
        if not asked and synced:
            asked = (await client.post(f"{worker}/labs/refresh")).status_code == httpx.codes.OK
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    warn(f"{worker} was not refreshed within {FIRST_REFRESH_SECONDS:g} s: {seen['last_error']}")


async def _count_labs_async(client: httpx.AsyncClient, worker: str) -> int:
    return len(_answer(await client.get(f"{worker}/labs")))


def _answer(response: httpx.Response) -> Any:
    if response.is_success:
        return response.json()
    raise DemoError(
        f"{response.request.method} {response.request.url.path} answered {response.status_code}: {response.text}"
    )
