"""Simulated Open Chat Studios for tests: own processes, real HTTP, ended with the test."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

SOURCE = Path(__file__).resolve().parents[2] / "src"
KEY = "the key of the tests"


class OcsSimulator:
    """One simulated installation. ``with OcsSimulator() as ocs: ...``"""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "integration.simulators.ocs", "--drivable", "--exit-with-parent"]
        self._process = subprocess.Popen(
            [*command, "--api-key", KEY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
        )
        assert self._process.stdout is not None
        told = self._process.stdout.readline().decode().split()
        if not told:
            raise RuntimeError(f"the simulated chat studio did not start: exit {self._process.wait()}")
        self.url = told[-1]
        self._client = httpx.Client(base_url=self.url, trust_env=False, verify=False, timeout=60)

    def __enter__(self) -> "OcsSimulator":
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()
        self._process.kill()
        self._process.wait()

    def behaves(self, **manner: Any) -> None:
        """Behave like this from now on, see ``Manner``; in order without anything."""
        self._client.put("/__manner__", json=manner).raise_for_status()

    def triggers(self) -> list[dict[str, Any]]:
        """Return what was asked of bots."""
        found: list[dict[str, Any]] = self._client.get("/__manner__").json()["triggers"]
        return found

    def bots(self) -> list[dict[str, Any]]:
        """Return the bots that there are."""
        answer = self._client.get("/api/experiments/", headers={"X-api-key": KEY})
        found: list[dict[str, Any]] = answer.json()["results"]
        return found

    def begin(self, identifier: str, experiment: str) -> str:
        """Begin a session without us; return its id."""
        body = {"identifier": identifier, "experiment": experiment, "platform": "api", "prompt_text": "x"}
        answer = self._client.post("/api/trigger_bot", json=body, headers={"X-api-key": KEY})
        told: str = answer.json()["session_id"]
        return told

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()
        self._process.wait()
