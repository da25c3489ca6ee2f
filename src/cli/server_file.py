"""``server.json`` in the data folder: where the server of this installation answers."""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that said it runs. Nothing says that it still does."""

    url: str
    pid: int


def announce_server(data_dir: Path, url: str) -> None:
    """Write down where this process serves; the file has mode 0600."""
    draft = data_dir / f".server.{os.getpid()}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump({"url": url, "pid": os.getpid()}, file)
    draft.replace(data_dir / "server.json")


def find_server(data_dir: Path) -> RunningServer | None:
    """Return what the file says; None when there is none, or none that can be read."""
    try:
        said = json.loads((data_dir / "server.json").read_text(encoding="utf-8"))
        return RunningServer(str(said["url"]), int(said["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def withdraw_server(data_dir: Path) -> None:
    """Take the file away, unless another process has written it meanwhile."""
    said = find_server(data_dir)
    if said is not None and said.pid == os.getpid():
        with suppress(FileNotFoundError):
            (data_dir / "server.json").unlink()
