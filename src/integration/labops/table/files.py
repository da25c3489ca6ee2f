"""Files of the table on disk: who still reads them, and writing them so that they are whole or not there."""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path


class FileShelf:
    """Keeps retired files for as long as somebody reads them."""

    def __init__(self) -> None:
        self._held: Counter[Path] = Counter()
        self._retired: set[Path] = set()

    def hold(self, paths: Iterable[Path]) -> None:
        """Note that files are being read."""
        self._held.update(paths)

    def release(self, paths: Iterable[Path]) -> None:
        """Note that files are no longer read; retired ones are removed with their last reader."""
        for path in paths:
            self._held[path] -= 1
            if self._held[path] <= 0:
                del self._held[path]
                if path in self._retired:
                    self._remove(path)

    def retire(self, paths: Iterable[Path]) -> None:
        """Remove files as soon as nobody reads them."""
        for path in paths:
            self._retired.add(path)
            if not self._held[path]:
                del self._held[path]
                self._remove(path)

    def _remove(self, path: Path) -> None:
        self._retired.discard(path)
        path.unlink(missing_ok=True)


def sync_file(path: Path) -> None:
    """Have a written file on disk before anything names it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_durably(path: Path, text: str) -> None:
    """Write a file in one step: after a crash it holds the old text or the new one."""
    beside = path.with_name(path.name + ".new")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_file(path.parent)
