"""``server-<pid>.json`` in the data folder: where a server of this installation answers. Each server has its own."""

import json
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ANSWER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that said it runs, in ``file``. Nothing says that it still does."""

    url: str
    pid: int
    file: Path

    @property
    def answers(self) -> bool:
        """Whether something accepts connections there."""
        parts = urlsplit(self.url)
        try:
            with socket.create_connection((parts.hostname or "", parts.port or 80), ANSWER_SECONDS):
                return True
        except OSError:
            return False

    @property
    def lives(self) -> bool:
        """Whether this machine has a process of that id."""
        try:
            os.kill(self.pid, 0)
        except PermissionError:
            return True
        except (OSError, OverflowError):
            return False
        return True


def announce_server(data_dir: Path, url: str) -> None:
    """Write down where this process serves, in a file of mode 0600; take away what dead servers left."""
    for left in servers_of(data_dir):
        # What answers at our own address is this process.
        if not left.lives and (left.url == url or not left.answers):
            left.file.unlink(missing_ok=True)
    draft = data_dir / f".server.{os.getpid()}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump({"url": url, "pid": os.getpid()}, file)
    draft.replace(_own_file(data_dir))


def servers_of(data_dir: Path) -> list[RunningServer]:
    """Return what the files say, the latest first; files that cannot be read are left out."""
    found = []
    for file in data_dir.glob("server-*.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            said = json.loads(file.read_text(encoding="utf-8"))
            found.append((file.stat().st_mtime, RunningServer(str(said["url"]), int(said["pid"]), file)))
    return [server for _, server in sorted(found, key=lambda entry: entry[0], reverse=True)]


def find_server(data_dir: Path) -> RunningServer | None:
    """Return the server to ask: the latest of those that answer, else the latest that left a file; None without."""
    servers = servers_of(data_dir)
    if len(servers) <= 1:
        return servers[0] if servers else None
    answering = [server for server in servers if server.answers]
    # A port may belong to another program by now: a server whose process lives goes first.
    return next((server for server in answering if server.lives), (answering or servers)[0])


def withdraw_server(data_dir: Path) -> None:
    """Take this process' file away."""
    _own_file(data_dir).unlink(missing_ok=True)


def _own_file(data_dir: Path) -> Path:
    return data_dir / f"server-{os.getpid()}.json"
