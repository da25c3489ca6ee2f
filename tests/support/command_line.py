"""Running ``labkeeper`` as people do: a process of its own, on a data folder of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[2] / "src"
MARK = "TEST_OF_LABKEEPER"
START_SECONDS = 180


def environment(data_dir: Path, **settings: str) -> dict[str, str]:
    """Return an environment without settings of this machine; its mark tells our processes from others'."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LABKEEPER_", "OTEL_"))}
    own = {"LABKEEPER_DATA_DIR": str(data_dir), "LABKEEPER_PORT": "0", MARK: str(data_dir)}
    return {**kept, "PYTHONPATH": str(SOURCE), "COLUMNS": "200", **own, **settings}


def labkeeper(data_dir: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        env=environment(data_dir, **settings),
        cwd=data_dir.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
    )


def labkeeper_json(data_dir: Path, *arguments: str, **settings: str) -> Any:
    """Run one command with ``--json`` and return what it printed."""
    done = labkeeper(data_dir, *arguments, "--json", **settings)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def marked_processes(data_dir: Path) -> dict[int, str]:
    """Return the command line of every process that was started under this data folder's mark, by process id."""
    mark = f"{MARK}={data_dir}".encode()
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


def wait_until(what: Callable[[], bool], seconds: float = 90.0) -> bool:
    """Wait until something is so; tell whether it came to be."""
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class LabkeeperProcess:
    """A long-running command in a process group of its own, its output in a file."""

    def __init__(self, data_dir: Path, command: str, ready: str, **settings: str) -> None:
        self.data_dir = data_dir
        self._log = data_dir.parent / f"{command.split()[0]}-{time.monotonic_ns()}.log"
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", *command.split()],
                env=environment(data_dir, **settings),
                cwd=data_dir.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if not wait_until(lambda: ready in self.output() or self._process.poll() is not None, START_SECONDS):
            self.end(signal.SIGKILL)
        if ready not in self.output():
            raise RuntimeError(f"{command} did not start: {self.output()}")

    def __enter__(self) -> "LabkeeperProcess":
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process.poll() is None:
            self.end(signal.SIGTERM)
        for pid in marked_processes(self.data_dir):
            os.kill(pid, signal.SIGKILL)

    @property
    def pid(self) -> int:
        return self._process.pid

    def output(self) -> str:
        """Return what it has printed so far."""
        return self._log.read_text()

    def end(self, with_signal: signal.Signals) -> int:
        """Send a signal to its process group, as a terminal does; return its exit code."""
        os.killpg(self._process.pid, with_signal)
        return self._process.wait(120)
