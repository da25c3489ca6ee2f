"""One demo at a time per data folder: two would run the same simulated controllers twice, and mix up their state."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cli.errors import CommandError
from integration.mongo.server.file_locks import try_lock

LOCK_FILE = "demo.lock"


@contextmanager
def only_demo(data_dir: Path) -> Iterator[None]:
    """Hold the demo of a data folder until the block ends, or the process does, however it dies.

    Raises:
        CommandError: another process holds it; the message says which.
    """
    folder = data_dir / "demo"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / LOCK_FILE
    lock = try_lock(path)
    if lock is None:
        raise CommandError(
            f"a demo runs on {data_dir.absolute()} already ({_holder(path)}): end it first, "
            "or set LABKEEPER_DATA_DIR to another folder"
        )
    try:
        path.write_text(f"{os.getpid()}\n", encoding="ascii")
        yield
    finally:
        lock.release()


def _holder(path: Path) -> str:
    # Between its lock and its first word the holder is not known yet.
    with suppress(OSError, ValueError):
        return f"process {int(path.read_text(encoding='ascii'))}"
    return "another process"
