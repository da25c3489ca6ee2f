"""What outlives the simulator's process."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


class StateFile:
    """Every part of the state in one file, written whole after every change, in one piece or not at all.

    Args:
        path: None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._parts: dict[str, Callable[[], Any]] = {}
        self._loaded: dict[str, Any] = json.loads(path.read_bytes()) if path is not None and path.exists() else {}

    def keep(self, name: str, part: Callable[[], Any]) -> Any:
        """Keep a part from now on; return what was kept of it before, None if nothing was."""
        self._parts[name] = part
        return self._loaded.get(name)

    def changed(self) -> None:
        """Write all parts."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(f".{os.getpid()}.tmp")
        # Not by orjson, which knows no integers beyond 64 bits: they are JSON, and records keep them.
        beside.write_text(json.dumps({name: part() for name, part in self._parts.items()}))
        beside.replace(self._path)
