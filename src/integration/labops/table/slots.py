"""A folder of one's own among several processes on one data folder."""

from pathlib import Path

from integration.mongo.server.file_locks import FileLock, try_lock

MOST_SLOTS = 1_000


class Slot:
    """The first free numbered folder below ``root``, held until :meth:`release` or the end of the process."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        for number in range(MOST_SLOTS):
            lock = try_lock(root / f"{number}.lock")
            if lock is not None:
                self._lock: FileLock = lock
                self.folder = root / str(number)
                self.folder.mkdir(exist_ok=True)
                return
        raise RuntimeError(f"all of {MOST_SLOTS} folders in {root} are taken")

    def release(self) -> None:
        """Let another process have the folder."""
        self._lock.release()
