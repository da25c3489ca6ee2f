"""A simulated Connect for tests: an own process, real HTTP, ended by process id."""

import base64
import hashlib
import html
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
RECORDS = "/export/labs_record/"
CALLBACK = "http://127.0.0.1:1/auth/callback"


class ConnectSimulator:
    """One simulated Connect, driven from a test. ``with ConnectSimulator(records=0) as connect: ...``

    Keyword arguments are the flags of ``python -m integration.simulators.connect``, with underscores.
    """

    client_id = "labkeeper"
    client_secret = "labkeeper-secret"
    password = "password"

    def __init__(self, **flags: object) -> None:
        flags = {"records": 0, **flags}
        command = [sys.executable, "-m", "integration.simulators.connect", "--allow-faults", "--exit-with-parent"]
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
            raise RuntimeError(f"the simulated Connect did not start: exit {self._process.wait()}")
        self.url = told[-1]
        self.client = httpx.Client(base_url=self.url, verify=False, trust_env=False, timeout=60)

    def __enter__(self) -> "ConnectSimulator":
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port is not None
        return port

    def token(self, username: str, scope: str = "export openid") -> str:
        """Return a new access token of somebody, as a login gives one."""
        return str(self.tokens(username, scope)["access_token"])

    def tokens(self, username: str, scope: str = "export openid") -> dict[str, Any]:
        """Return what the token endpoint answers at the end of a login."""
        answer: dict[str, Any] = self.client.post("/__tokens__", json={"username": username, "scope": scope}).json()
        return answer

    def expire(self, username: str | None = None, *, refresh: bool = False) -> None:
        """End the access tokens of somebody, or of everybody; with ``refresh`` nor may they be refreshed."""
        self.client.post("/__expire__", json={"username": username, "refresh": refresh}).raise_for_status()

    def set_faults(self, *faults: dict[str, Any]) -> None:
        """Have exactly these faults, e.g. ``{"kind": "drop_after", "path": RECORDS, "method": "POST", "times": 1}``."""
        answer = self.client.post("/__faults__", json={"faults": list(faults)})
        assert answer.status_code == 204, answer.text

    def calls(self, *, forget: bool = False) -> dict[str, int]:
        """Return the calls of the interface so far, e.g. ``{"GET /export/labs_record/": 1}``."""
        calls: dict[str, int] = self.client.request("DELETE" if forget else "GET", "/__calls__").json()
        return calls

    def set_organizations(self, username: str, *slugs: str) -> None:
        """Make somebody a member of exactly these organisations."""
        answer = self.client.patch(f"/__users__/{username}", json={"organizations": slugs})
        assert answer.status_code == 204, answer.text

    def set_world(self, **told: list[dict[str, Any]]) -> None:
        """Have exactly these ``organizations``, ``programs``, ``opportunities`` and ``users``."""
        answer = self.client.put("/__world__", json=told)
        assert answer.status_code == 204, answer.text

    def set_records(self, records: list[dict[str, Any]], *, restart_ids: bool = False) -> None:
        """Have exactly these records, see :func:`a_record`; ``restart_ids`` gives ids out from 4501 again."""
        answer = self.client.put("/__records__", json=records, params={"restart_ids": "1"} if restart_ids else {})
        assert answer.status_code == 204, answer.text

    def records(self) -> list[dict[str, Any]]:
        """Return all records, in order of id."""
        records: list[dict[str, Any]] = self.client.get("/__records__").json()
        return records

    def export(self, method: str, path: str, username: str, **kwargs: Any) -> httpx.Response:
        """Call ``/export/<path>`` on somebody's behalf."""
        headers = {"authorization": f"Bearer {self.token(username)}", **kwargs.pop("headers", {})}
        return self.client.request(method, f"/export/{path}", headers=headers, **kwargs)

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """End the process; return its exit code."""
        self.client.close()
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


def a_record(record_id: int = 4501, **fields: Any) -> dict[str, Any]:
    """Return a record as the server answers it."""
    return {
        "id": record_id,
        "username": "asha",
        "experiment": "tasks",
        "opportunity_id": 814,
        "organization_id": None,
        "program_id": None,
        "labs_record_id": None,
        "type": "Task",
        "data": {"title": "Call worker"},
        "public": False,
        **fields,
    }


def log_in_without_browser(authorize_url: str, username: str, password: str = "password") -> str:
    """Post the login form that an authorize URL shows; return the URL that the person is sent to."""
    with httpx.Client(verify=False, trust_env=False, timeout=60) as browser:
        page = browser.get(authorize_url)
        assert page.status_code == 200, page.text
        found = re.search(r'<form method="post" action="([^"]+)"', page.text)
        assert found, page.text
        action = urljoin(str(page.url), html.unescape(found.group(1)))
        sent = browser.post(action, data={"username": username, "password": password, "allow": "Authorize"})
        assert sent.status_code == 302, sent.text
        return sent.headers["location"]


def an_authorize_query(**changes: str | None) -> tuple[str, dict[str, str]]:
    """Return a PKCE verifier and the query that asks for a code; a parameter given as None is left out."""
    verifier = token_urlsafe(64)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "client_id": ConnectSimulator.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "export openid",
        "state": "a-state",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **changes,
    }
    return verifier, {name: value for name, value in query.items() if value is not None}


def query_of(url: str) -> dict[str, str]:
    """Return the query parameters of a URL."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


ConnectFactory = Callable[..., ConnectSimulator]


@pytest.fixture
def connect_factory() -> Iterator[ConnectFactory]:
    """Starts any number of simulated Connects; they end with the test."""
    started: list[ConnectSimulator] = []

    def start(**flags: object) -> ConnectSimulator:
        started.append(ConnectSimulator(**flags))
        return started[-1]

    yield start
    for simulator in started:
        simulator.stop()


@pytest.fixture(scope="module")
def _module_connect() -> Iterator[ConnectSimulator]:
    with ConnectSimulator() as simulator:
        yield simulator


@pytest.fixture
def connect(_module_connect: ConnectSimulator) -> ConnectSimulator:
    """A healthy simulated Connect without records; one process per module, made like new for every test."""
    _module_connect.set_faults()
    _module_connect.set_records([], restart_ids=True)
    for username, slugs in _MEMBERS.items():
        _module_connect.set_organizations(username, *slugs)
    _module_connect.calls(forget=True)
    return _module_connect


_MEMBERS = {"asha": ("lwala",), "brian": ("dimagi",), "chidi": ("reach",), "dalia": ("lwala", "reach"), "eve": ()}
