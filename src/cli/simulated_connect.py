"""The demo's CommCare Connect, and a login there without a browser."""

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx

from cli.demo_workers import DemoError
from cli.forced_end import ended_by_force
from cli.simulators import end_simulator_async, launch_simulator_async, url_of_simulator_async

USERNAME = "asha"
PASSWORD = "password"  # noqa: S105  the documented password of a simulator
CLIENT_ID = "labkeeper"
CLIENT_SECRET = "labkeeper-secret"  # noqa: S105  likewise
OPPORTUNITY_ID = 814
SESSION_COOKIE = "labkeeper_session"
_FORM = re.compile(r'<form method="post" action="([^"]+)"')


@dataclass(frozen=True, slots=True)
class SimulatedConnect:
    """A simulated Connect that serves."""

    url: str
    pid: int

    @property
    def settings(self) -> dict[str, str]:
        """What the environment has to say so that it is used."""
        return {
            "LABKEEPER_CONNECT_URL": self.url,
            "LABKEEPER_CONNECT_CLIENT_ID": CLIENT_ID,
            "LABKEEPER_CONNECT_CLIENT_SECRET": CLIENT_SECRET,
        }


@asynccontextmanager
async def running_connect(data_dir: Path) -> AsyncIterator[SimulatedConnect]:
    """Run a simulated Connect until the block ends, on the port it had before if that is free. It keeps its records."""
    folder = data_dir / "demo"
    folder.mkdir(mode=0o700, exist_ok=True)
    remembered = folder / "connect-port"
    flags = {
        "port": _read_port(remembered),
        "seed": 1,
        "client-id": CLIENT_ID,
        "client-secret": CLIENT_SECRET,
        "password": PASSWORD,
        "state-file": folder / "connect.json",
    }
    process = await launch_simulator_async("integration.simulators.connect", flags)

    def kill() -> None:
        with suppress(ProcessLookupError):
            process.kill()

    with ended_by_force(kill):
        try:
            url = await url_of_simulator_async("the simulated Connect", process)
            remembered.write_text(str(urlsplit(url).port))
            yield SimulatedConnect(url, process.pid)
        finally:
            await end_simulator_async(process)


async def log_in_async(labkeeper_url: str) -> str:
    """Log in at Connect as a person would, form and all; return the secret of the session.

    Raises:
        DemoError: somebody refused.
    """
    async with httpx.AsyncClient(follow_redirects=True, timeout=60.0, trust_env=False) as browser:
        page = await browser.get(f"{labkeeper_url}/auth/login")
        form = _FORM.search(page.text)
        if form is None:
            raise DemoError(f"{page.url.host} shows no login form; it answered {page.status_code}: {page.text[:500]}")
        filled = {"username": USERNAME, "password": PASSWORD, "allow": "Authorize"}
        answer = await browser.post(urljoin(str(page.url), html.unescape(form.group(1))), data=filled)
        session = browser.cookies.get(SESSION_COOKIE)
        if session is None:
            raise DemoError(f"the login ended without a session: {answer.status_code} {answer.text[:500]}")
        return session


def _read_port(path: Path) -> int:
    with suppress(FileNotFoundError, ValueError):
        return int(path.read_text())
    return 0
