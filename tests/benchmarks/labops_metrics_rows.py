"""Metrics against pandas from the same Parquet file, and an unchanged answer against a bare route."""

import asyncio
import json
import math
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from api.kernel.authorization import Role
from api.kernel.tokens import mint_token
from integration.installation_secrets import installation_secrets
from integration.mongo.driver import open_driver
from tests.benchmarks.child import ROOT, serving
from tests.benchmarks.http_rows import CONNECTIONS, HOST, SECONDS, SERVER
from tests.benchmarks.labops_material import specimens_file
from tests.benchmarks.load import requests_per_second
from tests.benchmarks.measuring import Reading, Row, alternating
from tests.support.app import settings_for

PROCESS = "tests.benchmarks.labops_metrics_process"
TAT = "/api/v1/metrics/tat"


async def _measured(side: str, path: Path) -> dict[str, Any]:
    """Compute the four metrics once in a process of its own, nothing read before but what the system remembers."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", PROCESS, side, str(path)),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PATH": "/usr/bin:/bin", "TZ": "UTC"},
    )
    told, _ = await process.communicate()
    assert process.returncode == 0, f"{side} ended with {process.returncode}"
    found: dict[str, Any] = json.loads(told)
    return found


async def _compared(count: int, figure: str, rounds: int, share: Callable[[float, float], float]) -> Reading:
    path = await asyncio.to_thread(specimens_file, count)
    sides: dict[str, Any] = {}

    async def measure(side: str) -> float:
        sides[side] = await _measured(side, path)
        if len(sides) == 2:
            _agree(sides["ours"]["figures"], sides["pandas"]["figures"])
        return float(sides[side][figure])

    reading = await alternating(lambda: measure("ours"), lambda: measure("pandas"), rounds=rounds, warm_up=0)
    return Reading(reading.ours, reading.baseline, share(reading.ours, reading.baseline))


def _agree(ours: Any, theirs: Any) -> None:
    """Hold both sides' figures against each other: who answers something else may be as fast as they like."""
    if isinstance(ours, dict):
        assert ours.keys() == theirs.keys()
        for name in ours:
            _agree(ours[name], theirs[name])
    elif isinstance(ours, list):
        assert len(ours) == len(theirs)
        for mine, other in zip(ours, theirs, strict=True):
            _agree(mine, other)
    elif isinstance(ours, float):
        assert math.isclose(ours, theirs, abs_tol=0.001), (ours, theirs)
    else:
        assert ours == theirs, (ours, theirs)


async def _speed(_uri: str) -> Reading:
    """Times as many as ours takes does pandas take."""
    return await _compared(1_000_000, "seconds", 3, lambda ours, theirs: theirs / ours)


async def _memory(_uri: str) -> Reading:
    return await _compared(10_000_000, "peak_mib", 1, lambda ours, theirs: ours / theirs)


async def _unchanged(uri: str) -> Reading:
    """Ask for the turn-around again and again while no specimen moves; the bare route answers with the same bytes."""
    database = f"bench_{uuid4().hex}"
    with tempfile.TemporaryDirectory(prefix="labkeeper-bench-") as folder:
        secrets = installation_secrets(settings_for(Path(folder), database))
        headers = {"Authorization": f"Bearer {mint_token(secrets.jwt_secret, Role.ADMIN, 'bench', 3600)}"}
        with serving(SERVER, "app", uri, database, folder) as port:
            async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}", headers=headers, timeout=30) as client:
                body = await _answer_over_some(client)
            answer = Path(folder) / "answer.json"
            answer.write_bytes(body)
            with serving(SERVER, "bare", str(answer)) as bare_port:
                reading = await alternating(
                    lambda: requests_per_second(HOST, port, TAT, headers, CONNECTIONS, SECONDS),
                    lambda: requests_per_second(HOST, bare_port, "/labs", headers, CONNECTIONS, SECONDS),
                    rounds=5,
                )
        driver = open_driver("motor", uri, database)
        await driver.command_async({"dropDatabase": 1})
        await driver.close_async()
    return reading


async def _answer_over_some(client: httpx.AsyncClient) -> bytes:
    """Take in a thousand specimens; return the answer that counts them."""
    readings = [
        {
            "specimen_id": f"SP{number:06}",
            "assay": ("CBC", "Chem7", "PCR")[number % 3],
            "machine_id": f"M{number % 5 + 1}",
            "operator_id": f"O{number % 20 + 1}",
            "status": "COMPLETED",
            "received_at": "2026-03-01T08:00:00Z",
            "processed_at": f"2026-03-01T{9 + number % 8:02}:{number % 60:02}:00Z",
        }
        for number in range(1000)
    ]
    taken = await client.post("/api/v1/specimens/bulk", json={"items": readings})
    taken.raise_for_status()
    for _ in range(300):
        answer = await client.get(TAT)
        if answer.status_code == 200 and answer.json()["total_specimens"] == len(readings):
            return answer.content
        await asyncio.sleep(0.1)
    raise AssertionError("the specimens were not counted within 30 s")


ROWS = (
    Row("metrics_all_1m_vs_pandas", 4, "higher", "s", _speed),
    Row("metrics_all_10m_peak_memory_vs_pandas", 0.3, "lower", "MiB", _memory),
    Row("metrics_http_unchanged_vs_bare_fastapi", 0.5, "higher", "requests/s", _unchanged),
)
