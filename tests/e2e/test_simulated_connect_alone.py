"""What the guide says about the simulated Connect, done as it stands there."""

import json
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import get_args

import httpx
import pytest

from integration.simulators.connect.faults import FaultKind
from integration.simulators.connect.world import USERS
from tests.support.command_line import LabkeeperProcess, environment
from tests.support.mongo import LocalMongod

GUIDE = Path(__file__).resolve().parents[2] / "notes/guides/records.md"
SECTION = GUIDE.read_text().partition("\n## A simulated Connect\n")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"```\n(.*?)```", SECTION, re.DOTALL)


@pytest.fixture
def address() -> str:
    """Somewhere that nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"127.0.0.1:{port}"


def done(lines: str, address: str, folder: Path) -> str:
    """Run lines in a shell; return what they print. What they start in the background ends with them."""
    lines = lines.replace("127.0.0.1:8090", address).replace("--port 8090", f"--port {address.rpartition(':')[2]}")
    lines = lines.replace(".venv/bin/python", sys.executable)
    shell = subprocess.run(
        ["bash", "-euc", f"trap 'kill %1' EXIT\n{lines}"],
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert shell.returncode == 0, shell.stderr
    return shell.stdout


def test_it_is_started_asked_and_made_to_fail(address: str, tmp_path: Path) -> None:
    start, serve, fail = BLOCKS
    assert "labkeeper serve" in serve
    limited = fail.replace(
        '\nfaults \'{"kind": "latency"', '\ncurl -sSi "$CONNECT/export/labs_record/"\nfaults \'{"kind": "latency"'
    )
    told = done(start + limited, address, tmp_path)
    assert f"listening on http://{address}" in told
    assert '"lwala"' in told
    assert "retry-after: 7" in told.lower()
    calls = json.loads(told[told.rindex("{") :])
    assert calls["GET /export/opp_org_program_list/"] == 1


def test_labkeeper_serves_from_it(address: str, tmp_path: Path, shared_mongod: LocalMongod) -> None:
    start, serve, _ = BLOCKS
    words = [
        word
        for word in shlex.split(serve.replace("\\\n", "").replace("127.0.0.1:8090", address))
        if word.startswith("LABKEEPER_")
    ]
    settings = dict(word.split("=", 1) for word in words)
    settings |= {"LABKEEPER_MONGODB_URI": shared_mongod.uri, "LABKEEPER_MONGODB_DATABASE": "test_readme_connect"}
    with LabkeeperProcess(tmp_path / "data", "serve", "Labkeeper serves at", **settings) as app:
        url = app.output().rpartition("Labkeeper serves at ")[2].split()[0]
        ask = f'curl -sS --fail -H "Authorization: Bearer $TOKEN" "{url}/api/v1/records?opportunity_id=814"\n'
        told = done(start + "echo\n" + ask, address, tmp_path / "data")
        assert json.loads(told.splitlines()[-1])["items"]
        sent_on = httpx.get(f"{url}/auth/login", trust_env=False)
        assert sent_on.headers["location"].startswith(f"http://{address}/o/authorize/?")
    with shared_mongod.client() as client:
        client.drop_database("test_readme_connect")


def test_everybody_and_every_fault_is_named() -> None:
    named = set(re.findall(r"`([^`]+)`", re.sub(r"```\n.*?```", "", SECTION, flags=re.DOTALL)))
    assert {user.username for user in USERS} <= named
    assert set(get_args(FaultKind)) <= named
