"""The files that the pages are made of, read once. Their address holds a digest of all of them."""

import asyncio
import gzip
import hashlib
import importlib.util
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from domain.kernel.errors import LabkeeperError

PLOTLY = "plotly.min.js"
MEDIA_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_SMALLEST_COMPRESSED = 1024


_PACKAGED = {
    PLOTLY: ("plotly", f"package_data/{PLOTLY}"),
    "swagger-ui-bundle.js": ("fastapi_offline", "static/swagger-ui-bundle.js"),
    "swagger-ui.css": ("fastapi_offline", "static/swagger-ui.css"),
}
"""Files of installed packages, megabytes each: package and place in it."""


class PackagedFileMissingError(LabkeeperError):
    """A file is not where its package keeps it."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is sent.

    Attributes:
        body: as it is.
        compressed: with gzip; None where that is not worth it.
        tag: digest of the content.
    """

    media_type: str
    body: bytes
    compressed: bytes | None
    tag: str


class StaticFiles:
    """Our own files, and those of packages, which are read when they are first asked for.

    Attributes:
        version: differs when any of the files does.
    """

    def __init__(self) -> None:
        folder = files("api.dashboard") / "static"
        self._files = {
            item.name: _file(item.name, item.read_bytes())
            for item in sorted(folder.iterdir(), key=lambda item: item.name)
            if Path(item.name).suffix in MEDIA_TYPES
        }
        self._packaged = {name: _packaged_path(*place) for name, place in _PACKAGED.items()}
        self._reading = asyncio.Lock()
        stamps = [path.stat() for path in self._packaged.values()]
        every = [file.tag for file in self._files.values()]
        every += [f"{stamp.st_size} {int(stamp.st_mtime)}" for stamp in stamps]
        self.version = hashlib.blake2b("\n".join(every).encode(), digest_size=6).hexdigest()

    async def file_async(self, name: str) -> StaticFile | None:
        """Return a file; None where there is none of that name."""
        path = self._packaged.get(name)
        if path is not None and name not in self._files:
            async with self._reading:
                if name not in self._files:
                    self._files[name] = await asyncio.to_thread(lambda: _file(name, path.read_bytes()))
        return self._files.get(name)


def _file(name: str, body: bytes) -> StaticFile:
    compressed = gzip.compress(body, 6, mtime=0) if len(body) >= _SMALLEST_COMPRESSED else None
    tag = hashlib.blake2b(body, digest_size=12).hexdigest()
    return StaticFile(MEDIA_TYPES[Path(name).suffix], body, compressed, tag)


def _packaged_path(package: str, place: str) -> Path:
    # Found without importing it: the Python side of plotly takes longer to import than the page to load.
    found = importlib.util.find_spec(package)
    for folder in (found.submodule_search_locations or ()) if found is not None else ():
        path = Path(folder) / place
        if path.is_file():
            return path
    raise PackagedFileMissingError(f"{place} is missing: install the package {package}")
