"""The product with a cache, served over a served simulator of the system of record; and what is asked of both."""

import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx

from integration.mongo.driver import open_driver
from tests.benchmarks.child import serving
from tests.benchmarks.load import a_request, median_latency_ms, requests_per_second
from tests.benchmarks.measuring import Reading, alternating
from tests.benchmarks.records_material import OPPORTUNITY, READER, a_task, as_answered, some_data
from tests.support.connect import RECORDS, ConnectSimulator

LISTED, CONNECTIONS, SECONDS = 100, 16, 1.5
READS, WRITES = 400, 200
SERVER = "tests.benchmarks.server_process"
HOST = "127.0.0.1"
LIST = f"/api/v1/records?opportunity_id={OPPORTUNITY}&limit={LISTED}"
REMOTE_LIST = f"{RECORDS}?opportunity_id={OPPORTUNITY}"


@dataclass
class Served:
    """Both servers' ports, and headers that both accept: a token of the system of record."""

    port: int
    remote_port: int
    headers: dict[str, str]

    async def get_async(self, path: str, *, remote: bool = False) -> bytes:
        """Return an answer."""
        url = f"http://{HOST}:{self.remote_port if remote else self.port}{path}"
        async with httpx.AsyncClient(headers=self.headers, timeout=30, trust_env=False) as client:
            answer = await client.get(url)
        answer.raise_for_status()
        return answer.content


@asynccontextmanager
async def cached(uri: str) -> AsyncIterator[Served]:
    """Serve a scope of a hundred records from the cache, and from where it comes."""
    database = f"bench_{uuid4().hex}"
    with ConnectSimulator() as connect, tempfile.TemporaryDirectory(prefix="labkeeper-bench-") as folder:
        connect.set_records([as_answered(a_task(number, number)) for number in range(1, LISTED + 1)])
        environment = {
            "LABKEEPER_RECORDS_REPOSITORY": "cached",
            "LABKEEPER_CONNECT_URL": connect.url,
            "LABKEEPER_CONNECT_CLIENT_ID": connect.client_id,
            "LABKEEPER_CONNECT_CLIENT_SECRET": connect.client_secret,
        }
        headers = {"Authorization": f"Bearer {connect.token(READER)}"}
        with serving(SERVER, "app", uri, database, folder, **environment) as port:
            yield Served(port, connect.port, headers)
    driver = open_driver("motor", uri, database)
    await driver.command_async({"dropDatabase": 1})
    await driver.close_async()


async def list_rate(uri: str) -> Reading:
    """Measure the list against a bare route with the same bytes."""
    async with cached(uri) as served:
        body = await served.get_async(LIST)
        assert len(json.loads(body)["items"]) == LISTED
        with tempfile.TemporaryDirectory(prefix="labkeeper-bench-") as folder:
            answer = Path(folder) / "answer.json"
            answer.write_bytes(body)
            with serving(SERVER, "bare", str(answer)) as bare_port:
                return await alternating(
                    lambda: requests_per_second(HOST, served.port, LIST, served.headers, CONNECTIONS, SECONDS),
                    lambda: requests_per_second(HOST, bare_port, "/labs", served.headers, CONNECTIONS, SECONDS),
                    rounds=5,
                )


async def list_latency(uri: str) -> Reading:
    """Measure the list at our drop-in against the same request to the system of record itself."""
    async with cached(uri) as served:
        ours, theirs = await served.get_async(REMOTE_LIST), await served.get_async(REMOTE_LIST, remote=True)
        assert json.loads(ours) == json.loads(theirs)
        requests = [a_request("GET", REMOTE_LIST, served.headers)] * READS
        return await alternating(
            lambda: median_latency_ms(HOST, served.port, requests),
            lambda: median_latency_ms(HOST, served.remote_port, requests),
            rounds=7,
        )


async def write_latency(uri: str) -> Reading:
    """Measure a new record, written by the same request through us and straight to the system of record."""
    async with cached(uri) as served:
        await served.get_async(REMOTE_LIST)
        return await alternating(
            lambda: median_latency_ms(HOST, served.port, _writes(served.headers)),
            lambda: median_latency_ms(HOST, served.remote_port, _writes(served.headers)),
            rounds=7,
        )


def _writes(headers: dict[str, str]) -> Iterator[bytes]:
    for number in range(WRITES):
        item = {
            "experiment": "tasks",
            "type": "Task",
            "opportunity_id": OPPORTUNITY,
            "username": READER,
            "data": some_data(number, number),
        }
        yield a_request("POST", RECORDS, headers, json.dumps([item]).encode())
