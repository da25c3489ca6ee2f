"""Signal 9 for the app and for the system of record while writes wait: in order, and nothing twice that was taken."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from tests.faults.test_app_dies_in_a_refresh import LONG_AGO
from tests.http.access.people import Installation
from tests.support.connect import RECORDS, ConnectSimulator
from tests.support.hosts import end_process, start_process
from tests.support.mongo import free_port

LIST, OUTBOX = "/api/v1/records?opportunity_id=814", "/api/v1/records/outbox"


class AppProcess:
    """The application with its records in a cache, as a process of its own."""

    def __init__(self, uri: str, database: str, folder: Path) -> None:
        self._process: subprocess.Popen[str] = start_process("tests.support.app_process", uri, database, str(folder))
        assert self._process.stdout is not None
        line = self._process.stdout.readline().split()
        assert line[:1] == ["url"], "the application did not start"
        self.url, self.token = line[1], line[2]

    def kill_nine(self) -> None:
        end_process(self._process)


@contextmanager
def app_process(uri: str, database: str, folder: Path) -> Iterator[AppProcess]:
    app = AppProcess(uri, database, folder)
    try:
        yield app
    finally:
        app.kill_nine()


def logged_in(app: AppProcess, connect: ConnectSimulator, username: str) -> httpx.Client:
    place: Any = SimpleNamespace(url=app.url)
    return Installation(place, connect, None).logged_in(username)  # type: ignore[arg-type]


def queue(browser: httpx.Client, data: Any) -> httpx.Response:
    record = {"experiment": "tasks", "type": "Task", "opportunity_id": 814, "data": data}
    headers = {"Origin": str(browser.base_url).rstrip("/"), "Prefer": "respond-async"}
    return browser.post("/api/v1/records", json=record, headers=headers)


def queued(app: AppProcess) -> list[dict[str, Any]]:
    headers = {"authorization": f"Bearer {app.token}"}
    answer = httpx.get(app.url + OUTBOX, params={"limit": 200}, headers=headers, timeout=60)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def wait_until_sent(app: AppProcess, seconds: float = 90.0) -> None:
    give_up_at = time.monotonic() + seconds
    while left := [one for one in queued(app) if one["state"] != "sent"]:
        assert time.monotonic() < give_up_at, left
        time.sleep(0.2)


def data_in_order(connect: ConnectSimulator) -> list[Any]:
    return [one["data"] for one in sorted(connect.records(), key=lambda one: one["id"])]


def forget_leases(mongo_uri: str, database_name: str) -> None:
    """The leases of a dead process run out by themselves; that is shown elsewhere."""
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        client[database_name]["leases"].update_many({}, {"$set": {"expires_at": LONG_AGO}})


@pytest.fixture
def port() -> int:
    """Connect starts again on it: no outgoing connection may have got it in the meantime."""
    return free_port()


def test_nothing_is_lost_doubled_or_out_of_order(
    mongo_uri: str, database_name: str, tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = {"port": port, "state_file": tmp_path / "connect.json", "token_seconds": 3600}
    connect = ConnectSimulator(**flags)
    for name, value in {
        "RECORDS_REPOSITORY": "cached",
        "CONNECT_URL": connect.url,
        "CONNECT_CLIENT_ID": connect.client_id,
        "CONNECT_CLIENT_SECRET": connect.client_secret,
    }.items():
        monkeypatch.setenv(f"LABKEEPER_{name}", value)
    folder = tmp_path / "app"
    folder.mkdir()
    try:
        with app_process(mongo_uri, database_name, folder) as app:
            people = {name: logged_in(app, connect, name) for name in ("asha", "dalia")}
            for browser in people.values():
                assert browser.get(LIST).status_code == 200
            connect.stop(with_signal=9)  # type: ignore[arg-type]
            for n in range(24):
                name = ("asha", "dalia")[n % 2]
                answer = queue(people[name], {"by": name, "n": n} if n % 4 else "equal")
                assert answer.status_code == 202, answer.text
            assert people["asha"].get(LIST).status_code == 200, "reading goes on"
        connect = ConnectSimulator(**flags)
        slow = {"kind": "latency", "path": RECORDS, "method": "POST", "seconds": 0.15}
        for lost_after in (2, 1, 3):
            lost = {"kind": "drop_after", "path": RECORDS, "method": "POST", "after": lost_after, "times": 1}
            connect.set_faults(slow, lost, {"kind": "latency", "path": RECORDS, "method": "GET", "seconds": 0.1})
            forget_leases(mongo_uri, database_name)
            with app_process(mongo_uri, database_name, folder) as app:
                before = len(connect.records())
                give_up_at = time.monotonic() + 60
                while len(connect.records()) < min(before + lost_after + 1, 24) and time.monotonic() < give_up_at:
                    time.sleep(0.02)
                time.sleep(0.05)
            with suppress(httpx.HTTPError):
                connect.set_faults()
        connect.set_faults()
        forget_leases(mongo_uri, database_name)
        with app_process(mongo_uri, database_name, folder) as app:
            wait_until_sent(app)
            written = [one for write in queued(app) for one in write["written"]]
            assert len(set(written)) == 24
            browser = logged_in(app, connect, "asha")
            assert len(browser.get(LIST).json()["items"]) == 24
        told = data_in_order(connect)
        assert told.count("equal") == 6
        for name in ("asha", "dalia"):
            own = [one["n"] for one in told if isinstance(one, dict) and one["by"] == name]
            assert own == sorted(own)
            assert len(own) == {"asha": 6, "dalia": 12}[name]
    finally:
        connect.stop()
