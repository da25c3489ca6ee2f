"""What the app processes that share an embedded mongod know of it: a small file in the data folder."""

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MongodState:
    """The last mongod on this data.

    Attributes:
        port: where it listens; kept for the next one, because clients and the replica set know it by this.
        pid: its process id; None once it was stopped on purpose.
        started_at: when it was started, in UTC; None once it was stopped on purpose.
    """

    port: int
    pid: int | None = None
    started_at: datetime | None = None


def read_state(path: Path) -> MongodState | None:
    """Return what is known; None when nothing is, or nothing that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=MongodState)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        _log.warning("%s cannot be read and is written anew: %s", path, error)
        return None


def write_state(path: Path, state: MongodState) -> None:
    """Keep what is known; a reader sees the old or the new, never half of it."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.encode(state))
    draft.replace(path)
