"""Simulated Teams webhooks for tests: an own process, real HTTP, ended with the test."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

SOURCE = Path(__file__).resolve().parents[2] / "src"


class TeamsSimulator:
    """``with TeamsSimulator() as teams: ...``"""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "integration.simulators.teams", "--drivable", "--exit-with-parent"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(SOURCE)}
        )
        assert self._process.stdout is not None
        told = self._process.stdout.readline().decode().split()
        if not told:
            raise RuntimeError(f"the simulated Teams did not start: exit {self._process.wait()}")
        self.url = told[-1]
        self._client = httpx.Client(base_url=self.url, trust_env=False, verify=False, timeout=60)

    def __enter__(self) -> "TeamsSimulator":
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()
        self._process.kill()
        self._process.wait()

    def behaves(self, **manner: Any) -> None:
        """Behave like this from now on, see ``Manner``; in order without anything."""
        self._client.put("/__manner__", json=manner).raise_for_status()

    def messages(self, name: str) -> list[dict[str, Any]]:
        """Return what was taken at addresses that end so, oldest first."""
        items: list[dict[str, Any]] = self._client.get("/messages").json()["items"]
        return [one for one in items if one["path"].endswith(name)]
