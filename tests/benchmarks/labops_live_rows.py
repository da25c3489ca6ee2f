"""How soon the page of somebody who looks on shows what somebody else did."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson

from api.kernel.authorization import Role
from api.kernel.tokens import mint_token
from integration.installation_secrets import installation_secrets
from integration.mongo.driver import MongoDriver, open_driver
from tests.benchmarks.child import serving
from tests.benchmarks.measuring import Reading, Row, percentile
from tests.support.app import settings_for
from tests.support.synthetic_specimens import synthetic_readings

SERVER = "tests.benchmarks.server_process"
API = "/api/v1"
PAGES, CHANGES, WARM_UP = 20, 60, 8
SECONDS_BETWEEN = 0.4
"""A little more than bursts are gathered for, so that each change is one of its own."""
SPECIMENS = 1000


@dataclass
class _Page:
    """Somebody's open page: when it was told of how many open specimens, first."""

    told: dict[int, float]

    async def read_async(self, client: httpx.AsyncClient) -> None:
        async with client.stream("GET", f"{API}/overview/stream?window=PT24H", timeout=None) as answer:
            async for line in answer.aiter_lines():
                if line.startswith('data: {"at"'):
                    at = time.perf_counter()
                    shown: dict[str, Any] = orjson.loads(line[6:])
                    if "specimens" in shown:
                        self.told.setdefault(shown["specimens"], at)


@asynccontextmanager
async def _looking_on(uri: str) -> AsyncIterator[tuple[httpx.AsyncClient, list[_Page]]]:
    database = f"bench_{uuid4().hex}"
    with tempfile.TemporaryDirectory(prefix="labkeeper-bench-") as folder:
        secret = installation_secrets(settings_for(Path(folder), database)).jwt_secret
        headers = {"Authorization": f"Bearer {mint_token(secret, Role.MANAGER, 'bench', 3600)}"}
        with serving(SERVER, "app", uri, database, folder) as port:
            options: dict[str, Any] = {"base_url": f"http://127.0.0.1:{port}", "headers": headers, "trust_env": False}
            async with httpx.AsyncClient(timeout=60, **options) as client:
                filled = await client.post(
                    f"{API}/specimens/bulk", json={"items": synthetic_readings(SPECIMENS)}, timeout=60
                )
                filled.raise_for_status()
                pages = [_Page({}) for _ in range(PAGES)]
                limits = httpx.Limits(max_connections=None)
                async with httpx.AsyncClient(timeout=60, limits=limits, **options) as looking:
                    tasks = [asyncio.create_task(page.read_async(looking)) for page in pages]
                    try:
                        yield client, pages
                    finally:
                        for task in tasks:
                            task.cancel()
                        await asyncio.gather(*tasks, return_exceptions=True)
    driver = open_driver("motor", uri, database)
    await driver.command_async({"dropDatabase": 1}, database)
    await driver.close_async()


async def _shown_after_ms(uri: str) -> list[float]:
    """Return for each specimen received the ms from the answer to the command until the last page was told of it."""
    found = []
    async with _looking_on(uri) as (client, pages):
        await _until_told_async(pages, SPECIMENS)
        for number in range(1, WARM_UP + CHANGES + 1):
            await asyncio.sleep(SECONDS_BETWEEN)
            body = {"specimen_id": f"LIVE{number}", "assay": "CBC", "machine_id": "M1", "operator_id": "O1"}
            (await client.post(f"{API}/specimens", json=body)).raise_for_status()
            accepted = time.perf_counter()
            await _until_told_async(pages, SPECIMENS + number)
            last = max(page.told[SPECIMENS + number] for page in pages)
            if number > WARM_UP:
                found.append(max(0.0, last - accepted) * 1000)
    return found


async def _until_told_async(pages: list[_Page], specimens: int) -> None:
    async with asyncio.timeout(60):
        while any(specimens not in page.told for page in pages):  # noqa: ASYNC110
            await asyncio.sleep(0.002)


async def _delivered_after_ms(uri: str) -> list[float]:
    """Return for each raw insert the ms until a change stream delivered it."""
    database = f"bench_{uuid4().hex}"
    driver = open_driver("motor", uri, database)
    delivered: dict[int, float] = {}
    watching = asyncio.create_task(_watch_async(driver, delivered))
    found = []
    try:
        await asyncio.sleep(1)
        for number in range(1, WARM_UP + CHANGES + 1):
            await asyncio.sleep(SECONDS_BETWEEN / 4)
            begun = time.perf_counter()
            await driver.collection("raw").insert_one({"_id": number})
            async with asyncio.timeout(60):
                while number not in delivered:  # noqa: ASYNC110
                    await asyncio.sleep(0.0005)
            if number > WARM_UP:
                found.append((delivered[number] - begun) * 1000)
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
        await driver.command_async({"dropDatabase": 1}, database)
        await driver.close_async()
    return found


async def _watch_async(driver: MongoDriver, delivered: dict[int, float]) -> None:
    async with driver.watch("raw", []) as changes:
        async for change in changes:
            delivered[change["documentKey"]["_id"]] = time.perf_counter()


async def _latency(uri: str) -> Reading:
    """Twenty pages look on while specimens come; the 95th percentile of when the last of them was told."""
    theirs = percentile(await _delivered_after_ms(uri), 0.95)
    ours = percentile(await _shown_after_ms(uri), 0.95)
    return Reading(ours=ours, baseline=theirs, ratio=ours / theirs)


ROWS = (Row("live_update_latency", 5, "lower", "ms", _latency),)
