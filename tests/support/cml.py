"""Simulated controllers for tests: own processes, real HTTP, ended by process id."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
TOKEN_CALL = "POST /authenticate"


class CmlSimulator:
    """One simulated controller, driven from a test. ``with CmlSimulator(labs=3) as cml: ...``

    Keyword arguments are the flags of ``python -m integration.simulators.cml``, with underscores.
    Its labs stand still unless ``step_seconds`` is given.
    """

    username = "admin"
    password = "password"

    def __init__(self, **flags: object) -> None:
        flags = {"step_seconds": 0, "labs": 3, **flags}
        command = [sys.executable, "-m", "integration.simulators.cml", "--allow-faults", "--exit-with-parent"]
        for name, value in flags.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
        )
        assert self._process.stdout is not None
        told = self._process.stdout.readline().decode().split()
        if not told:
            raise RuntimeError(f"the simulated controller did not start: exit {self._process.wait()}")
        self.url = told[-1]
        self._client = httpx.Client(base_url=self.url, verify=False, trust_env=False, timeout=60)

    def __enter__(self) -> "CmlSimulator":
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    def set_labs(self, labs: list[dict[str, Any]]) -> None:
        """Have exactly these labs; see :func:`a_lab`."""
        self._client.put("/__labs__", json=labs).raise_for_status()

    def labs(self) -> list[dict[str, Any]]:
        """Return the labs as the controller holds them."""
        answer: list[dict[str, Any]] = self._client.get("/__labs__").json()
        return answer

    def set_faults(self, *faults: dict[str, Any]) -> None:
        """Have exactly these faults, e.g. ``{"kind": "status", "status": 502, "path": "/labs/*", "times": 2}``."""
        answer = self._client.post("/__faults__", json={"faults": list(faults)})
        assert answer.status_code == 204, answer.text

    def step(self) -> str:
        """Let one thing happen to the labs, and return what."""
        told: str = self._client.post("/__step__").json()
        return told

    def calls(self, *, forget: bool = False) -> dict[str, int]:
        """Return the calls of the interface so far, e.g. ``{"GET /labs": 1}``."""
        answer = self._client.request("DELETE" if forget else "GET", "/__calls__")
        calls: dict[str, int] = answer.json()
        return calls

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """End the process; return its exit code."""
        self._client.close()
        if self._process.poll() is None:
            self._process.send_signal(with_signal)
        try:
            code = self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait(60)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        return code

    def lose_parent(self) -> int:
        """Close its standard input, as the end of its parent does; return its exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._process.wait(60)


def a_lab(number: int = 1, **fields: Any) -> dict[str, Any]:
    """Return a lab as a controller answers it; a field given as None is left out."""
    lab = {
        "id": f"5b2c7e0a-1111-4222-8333-{number:012d}",
        "created": "2026-01-20T08:00:00+00:00",
        "modified": "2026-01-21T09:30:10+00:00",
        "lab_title": f"BGP basics {number}",
        "lab_description": "",
        "lab_notes": "",
        "owner": "0a1b2c3d-1111-4222-8333-944455556666",
        "owner_username": "alice",
        "owner_fullname": "Alice A.",
        "state": "STARTED",
        "node_count": 6,
        "link_count": 7,
        "groups": [],
        "effective_permissions": ["lab_admin", "lab_edit", "lab_exec", "lab_view"],
        **fields,
    }
    return {name: value for name, value in lab.items() if value is not None}


CmlFactory = Callable[..., CmlSimulator]


@pytest.fixture
def cml_factory() -> Iterator[CmlFactory]:
    """Starts any number of simulated controllers; they end with the test."""
    started: list[CmlSimulator] = []

    def start(**flags: object) -> CmlSimulator:
        started.append(CmlSimulator(**flags))
        return started[-1]

    yield start
    for simulator in started:
        simulator.stop()


@pytest.fixture(scope="module")
def _module_cml() -> Iterator[CmlSimulator]:
    with CmlSimulator() as simulator:
        yield simulator


@pytest.fixture
def cml(_module_cml: CmlSimulator) -> CmlSimulator:
    """A healthy simulated controller with three labs; one process per module, made like new for every test."""
    _module_cml.set_faults()
    _module_cml.set_labs([a_lab(1), a_lab(2), a_lab(3)])
    _module_cml.calls(forget=True)
    return _module_cml
