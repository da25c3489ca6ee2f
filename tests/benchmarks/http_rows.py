"""A worker's labs over HTTP against a bare route that answers with the same bytes."""

import asyncio
import tempfile
from pathlib import Path
from uuid import uuid4

import httpx

from api.kernel.authorization import Role
from api.kernel.tokens import mint_token
from integration.installation_secrets import installation_secrets
from integration.mongo.driver import open_driver
from tests.benchmarks.child import serving
from tests.benchmarks.load import requests_per_second
from tests.benchmarks.measuring import Reading, Row, alternating
from tests.support.app import settings_for

LABS, CONNECTIONS, SECONDS = 100, 16, 1.5
SERVER = "tests.benchmarks.server_process"
HOST = "127.0.0.1"


async def _list_labs(uri: str) -> Reading:
    database = f"bench_{uuid4().hex}"
    with tempfile.TemporaryDirectory(prefix="labkeeper-bench-") as folder:
        data_dir = Path(folder)
        secrets = installation_secrets(settings_for(data_dir, database))
        headers = {"Authorization": f"Bearer {mint_token(secrets.jwt_secret, Role.ADMIN, 'bench', 3600)}"}
        with (
            serving("tests.benchmarks.tiles_server", "1", str(LABS)) as controller_port,
            serving(SERVER, "app", uri, database, folder) as port,
        ):
            async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}", headers=headers, timeout=30) as client:
                path, body = await _registered(client, f"http://{HOST}:{controller_port}/0")
            answer = data_dir / "answer.json"
            answer.write_bytes(body)
            with serving(SERVER, "bare", str(answer)) as bare_port:
                reading = await alternating(
                    lambda: requests_per_second(HOST, port, path, headers, CONNECTIONS, SECONDS),
                    lambda: requests_per_second(HOST, bare_port, "/labs", headers, CONNECTIONS, SECONDS),
                    rounds=5,
                )
        driver = open_driver("motor", uri, database)
        await driver.command_async({"dropDatabase": 1})
        await driver.close_async()
    return reading


async def _registered(client: httpx.AsyncClient, endpoint: str) -> tuple[str, bytes]:
    """Register a controller; return the path of its labs, and the answer once they are all there."""
    body = {"name": "bench", "endpoint_url": endpoint, "username": "admin", "password": "password", "active": True}
    registered = await client.post("/api/v1/workers/region/eu/workers", json={**body, "verify_tls": False})
    registered.raise_for_status()
    path = f"/api/v1/workers/region/eu/workers/{registered.json()['worker_id']}/labs"
    for _ in range(300):
        labs = await client.get(path)
        if labs.status_code == 200 and len(labs.json()) == LABS:
            return path, labs.content
        await asyncio.sleep(0.1)
    raise AssertionError("the labs did not arrive within 30 s")


ROWS = (Row("list_labs_http_vs_bare_fastapi", 0.5, "higher", "requests/s", _list_labs),)
