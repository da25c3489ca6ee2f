"""Signals at awkward moments, and a second server on the same data folder."""

import os
import signal
import time
from pathlib import Path

import httpx
import pytest

from cli.server_file import servers_of
from tests.support.command_line import LabkeeperProcess, labkeeper, labkeeper_json, marked_processes, wait_until
from tests.support.mongo import LocalMongod

pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        ("started mongod", signal.SIGTERM),
        ("Waiting for application startup", signal.SIGINT),
        ("Application startup complete", signal.SIGINT),
        ("Labkeeper serves at", signal.SIGHUP),
    ],
)
def test_a_signal_at_any_moment_ends_everything_in_order(tmp_path: Path, moment: str, name: signal.Signals) -> None:
    data_dir = tmp_path / "data"
    with LabkeeperProcess(data_dir, "serve", moment) as process:
        assert process.end(name) == 0
        assert wait_until(lambda: not marked_processes(data_dir)), marked_processes(data_dir)
        assert "Traceback" not in process.output()
    assert servers_of(data_dir) == []


@pytest.mark.parametrize(
    ("command", "ready", "started", "name"),
    [("demo", "Ctrl-C ends everything", 7, signal.SIGINT), ("serve", "Labkeeper serves at", 2, signal.SIGTERM)],
)
def test_a_second_signal_ends_everything_at_once(
    tmp_path: Path, command: str, ready: str, started: int, name: signal.Signals
) -> None:
    data_dir = tmp_path / "data"
    with LabkeeperProcess(data_dir, command, ready) as process:
        processes = marked_processes(data_dir)
        assert len(processes) == started
        (mongod,) = (pid for pid, command_line in processes.items() if "mongod " in command_line)
        os.kill(mongod, signal.SIGSTOP)  # the end in order would wait for it
        os.kill(process.pid, name)
        os.kill(process.pid, name)
        time.sleep(4)  # one second lies between signals that count; a busy process hears of the first one late
        assert marked_processes(data_dir).keys() == processes.keys()
        asked_at = time.monotonic()
        assert process.end(name) == 128 + name
        assert wait_until(lambda: not marked_processes(data_dir)), marked_processes(data_dir)
        assert time.monotonic() - asked_at < 15, "mongod alone would have been waited for longer"
        assert "Traceback" not in process.output()
    assert servers_of(data_dir) == []
    with LabkeeperProcess(data_dir, command, ready) as again:
        assert again.end(name) == 0


def test_a_second_server_on_the_data_folder_does_not_hide_the_first(tmp_path: Path, shared_mongod: LocalMongod) -> None:
    data_dir = tmp_path / "data"
    settings = {"LABKEEPER_MONGODB_URI": shared_mongod.uri, "LABKEEPER_MONGODB_DATABASE": "test_two_servers"}
    try:
        with LabkeeperProcess(data_dir, "serve", "Labkeeper serves at", **settings):
            (first,) = servers_of(data_dir)
            with LabkeeperProcess(data_dir, "serve", "Labkeeper serves at", **settings) as second:
                assert {server.pid for server in servers_of(data_dir)} == {first.pid, second.pid}
                assert labkeeper_json(data_dir, "workers") == []
                port = first.url.rsplit(":", 1)[1]
                report = labkeeper(data_dir, "doctor", **{**settings, "LABKEEPER_PORT": port}).stdout
                assert f"port {port} is served by process {first.pid}" in report
                assert second.end(signal.SIGTERM) == 0
                assert servers_of(data_dir) == [first]
                assert labkeeper_json(data_dir, "workers") == []
                assert wait_until(
                    lambda: httpx.get(f"{first.url}/health/ready", trust_env=False, timeout=60).is_success
                )
    finally:
        with shared_mongod.client() as client:
            client.drop_database("test_two_servers")
