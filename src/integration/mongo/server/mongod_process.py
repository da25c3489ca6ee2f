"""One mongod process on one data folder: start it, recognise it, end it."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from domain.kernel.errors import UnavailableError
from integration.mongo.server.mongod_port import port_is_free

LOG_LIMIT_BYTES = 50 * 1024 * 1024
ROTATED_LOGS_KEPT = 2
_CACHE_GB = 0.5
_TRANSACTION_SECONDS = 10
_OPLOG_MB = 512
_LITTLE_SPACE_BYTES = 500 * 1024 * 1024
_GRAVE = re.compile(r'"s":"[EF]"|error while loading|No space left')


class MongodStartError(UnavailableError):
    """mongod did not start. The message holds the last lines of its log."""


class MongodPortTakenError(UnavailableError):
    """Another program listens on mongod's port."""


class MongodProcess:
    """A running mongod: a child of ours, or one that outlived the app that started it."""

    def __init__(self, pid: int, port: int, folder: Path, child: subprocess.Popen[bytes] | None = None) -> None:
        self.pid = pid
        self.port = port
        self._folder = folder
        self._child = child
        self._log_path = folder / "mongod.log"
        self._log_start = self._log_path.stat().st_size if self._log_path.exists() else 0

    @property
    def alive(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        return is_mongod_on(self.pid, self._folder)

    async def stop_async(self, patience_seconds: float) -> None:
        """Ask it to end, wait, and end it the hard way when it does not; its journal bears that."""
        for request, patience in ((signal.SIGTERM, patience_seconds), (signal.SIGKILL, 10.0)):
            if self.alive:
                os.kill(self.pid, request)
            deadline = time.monotonic() + patience
            while self.alive and time.monotonic() < deadline:  # noqa: ASYNC110  it may be no child of ours: no event
                await asyncio.sleep(0.05)

    def kill(self, patience_seconds: float = 5.0) -> None:
        """End it without asking, and see it gone; blocks, for an end that has nothing else left to do."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        deadline = time.monotonic() + patience_seconds
        while not _has_let_go(self.pid) and time.monotonic() < deadline:
            time.sleep(0.01)

    def rotate_log(self) -> None:
        """Begin a new log when the present one is long, and drop the oldest."""
        if not self._log_path.exists() or self._log_path.stat().st_size < LOG_LIMIT_BYTES:
            return
        os.kill(self.pid, signal.SIGUSR1)
        self._log_start = 0
        for old in sorted(self._folder.glob("mongod.log.*"), reverse=True)[ROTATED_LOGS_KEPT - 1 :]:
            old.unlink(missing_ok=True)

    def describe_failure(self, what: str) -> str:
        """Return an error text with what mongod said since we know it; the grave lines, if there are any."""
        said: list[str] = []
        for path, start in ((self._log_path, self._log_start), (self._folder / "mongod.out", 0)):
            if path.exists():
                with path.open("rb") as file:
                    file.seek(start)
                    said += file.read()[-200_000:].decode(errors="replace").splitlines()
        lines = [line[:600] for line in ([line for line in said if _GRAVE.search(line)] or said)[-6:]]
        free = shutil.disk_usage(self._folder).free
        space = f"; only {free // 1024**2} MB are free on that disk" if free < _LITTLE_SPACE_BYTES else ""
        return "\n  ".join([f"{what} (data and mongod.log in {self._folder}{space})", *lines])


def launch_mongod(binary: Path, folder: Path, port: int, replica_set: str) -> MongodProcess:
    """Start mongod on ``folder/db`` and return at once; it does not answer yet.

    Raises:
        MongodPortTakenError: somebody else listens on the port.
        MongodStartError: the program cannot be run at all.
    """
    if not port_is_free(port):
        raise MongodPortTakenError(f"port {port} of the embedded MongoDB is taken by another program")
    (folder / "db").mkdir(mode=0o700, exist_ok=True)
    arguments: Sequence[str] = (
        *("--dbpath", str(folder / "db"), "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket"),
        *("--replSet", replica_set, "--oplogSize", str(_OPLOG_MB), "--wiredTigerCacheSizeGB", str(_CACHE_GB)),
        *("--logpath", str(folder / "mongod.log"), "--logappend", "--logRotate", "rename"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        # A killed app's transaction holds what it wrote until it expires, and the next holder waits for that.
        *("--setParameter", f"transactionLifetimeLimitSeconds={_TRANSACTION_SECONDS}"),
    )
    try:
        with (folder / "mongod.out").open("wb") as output:
            child = subprocess.Popen(  # noqa: S603  the program is the one that find_mongod found
                [str(binary), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=folder,
                start_new_session=True,  # Ctrl-C in the terminal must not end it before the app
            )
    except OSError as error:
        raise MongodStartError(f"{binary} cannot be run: {error}") from error
    return MongodProcess(child.pid, port, folder, child)


def find_running_mongod(folder: Path, pid_hint: int | None) -> MongodProcess | None:
    """Return the mongod that runs on a data folder already; None when there is none.

    All processes are looked through, because an app may have died between starting mongod and noting its process id.
    """
    hinted = [pid_hint] if pid_hint is not None else []
    others = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
    for pid in (*hinted, *others):
        if is_mongod_on(pid, folder) and (port := _option(_command_line(pid), "--port")):
            return MongodProcess(pid, int(port), folder)
    return None


def is_mongod_on(pid: int, folder: Path) -> bool:
    """Tell whether that process really is a mongod on that folder: process ids are given out again."""
    arguments = _command_line(pid)
    is_mongod = bool(arguments) and Path(arguments[0]).name == "mongod"
    return is_mongod and _option(arguments, "--dbpath") == str(folder / "db")


def _has_let_go(pid: int) -> bool:
    """Tell whether a process is gone, or so far gone that it holds no files and ports any more."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] in ("Z", "X")


def _option(arguments: Sequence[str], name: str) -> str | None:
    return arguments[arguments.index(name) + 1] if name in arguments[:-1] else None


def _command_line(pid: int) -> list[str]:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return [part.decode(errors="replace") for part in raw.split(b"\0") if part]
