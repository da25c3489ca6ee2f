"""Several servers on one data folder, and which of them commands ask."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.server_file import announce_server, find_server, servers_of, withdraw_server


@pytest.fixture
def dead_pid() -> int:
    """The id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


@pytest.fixture
def answering() -> Iterator[str]:
    """The URL of something that accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def note(folder: Path, url: str, pid: int, age_seconds: float = 0) -> Path:
    file = folder / f"server-{pid}.json"
    file.write_text(json.dumps({"url": url, "pid": pid}))
    then = time.time() - age_seconds
    os.utime(file, (then, then))
    return file


def test_a_server_takes_away_only_its_own_file(tmp_path: Path, answering: str) -> None:
    other = note(tmp_path, answering, os.getppid(), age_seconds=60)
    announce_server(tmp_path, answering)
    assert [server.pid for server in servers_of(tmp_path)] == [os.getpid(), os.getppid()]
    withdraw_server(tmp_path)
    assert list(tmp_path.iterdir()) == [other]
    withdraw_server(tmp_path)


def test_one_that_answers_is_asked_rather_than_a_later_one_that_does_not(
    tmp_path: Path, answering: str, dead_pid: int
) -> None:
    note(tmp_path, answering, os.getpid(), age_seconds=60)
    note(tmp_path, "http://127.0.0.1:9", dead_pid)
    found = find_server(tmp_path)
    assert found is not None
    assert found.url == answering


@pytest.mark.parametrize("same_address", [False, True])
def test_what_a_killed_server_left_goes_at_the_next_start(
    tmp_path: Path, answering: str, dead_pid: int, same_address: bool
) -> None:
    note(tmp_path, answering if same_address else "http://127.0.0.1:9", dead_pid)
    announce_server(tmp_path, answering)
    assert [server.pid for server in servers_of(tmp_path)] == [os.getpid()]


def test_without_files_or_with_broken_ones_there_is_no_server(tmp_path: Path) -> None:
    assert find_server(tmp_path) is None
    (tmp_path / "server-1.json").write_text("{")
    (tmp_path / "server-2.json").write_text("[]")
    assert find_server(tmp_path) is None
