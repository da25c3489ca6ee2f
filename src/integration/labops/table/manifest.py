"""The manifest: which files are the table, and up to where in the log they go. What it does not name is not there."""

import json
import zlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.kernel.errors import LabkeeperError
from integration.labops.table.files import replace_durably

NAME = "manifest.json"
FORMAT = 1
_CHUNK = 1 << 20


class DamagedTableError(LabkeeperError):
    """The files of the table are not what the manifest says, or it cannot be read. The log has all that was in it."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A file of the table.

    Attributes:
        rows: rows, or pairs, in it.
        crc: CRC-32 of the file, so that damage is noticed before anything is answered from it.
    """

    path: Path
    rows: int
    size: int
    crc: int

    @classmethod
    def of(cls, path: Path, rows: int) -> "Segment":
        """Return what a written file is."""
        return cls(path, rows, path.stat().st_size, _crc_of(path))

    def check(self) -> None:
        """Hold the file against what it was.

        Raises:
            DamagedTableError: it is missing or changed.
        """
        try:
            same = self.path.stat().st_size == self.size and _crc_of(self.path) == self.crc
        except OSError as error:
            raise DamagedTableError(f"{self.path.name} cannot be read: {error.strerror}") from error
        if not same:
            raise DamagedTableError(f"{self.path.name} is not as it was written")


@dataclass(frozen=True, slots=True)
class Change:
    """The last commit that changed a row; ``command_id`` tells it from another log's commit at that position.

    ``stored_at`` is UTC without zone.
    """

    position: int
    command_id: str
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class Image:
    """The table at the moment up to which its rows are in files.

    Attributes:
        generation, position, command_id, changed, specimens, rowless: as in ``TableContents``.
        rebuilt_at: when this generation took over, ISO 8601; empty for the first.
        order: the last order to rebuild that these rows were read after, see ``RebuildOrders``.
    """

    generation: int = 1
    position: int = 0
    command_id: str = ""
    changed: Change | None = None
    specimens: int = 0
    rowless: tuple[str, ...] = ()
    rebuilt_at: str = ""
    order: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """An image and its files: rows, and pairs of specimen and version that are no longer true."""

    image: Image
    segments: tuple[Segment, ...] = ()
    pair_segments: tuple[Segment, ...] = ()

    @property
    def files(self) -> tuple[Segment, ...]:
        """All files."""
        return self.segments + self.pair_segments

    def damage(self) -> str | None:
        """Return what is wrong with the files; None when all are as they were written."""
        try:
            for segment in self.files:
                segment.check()
        except DamagedTableError as error:
            return str(error)
        return None

    def write(self, folder: Path) -> None:
        """Make this the table of the folder, in one step that a crash cannot halve."""
        image, changed = self.image, self.image.changed
        known = {name: getattr(image, name) for name in Image.__slots__ if name != "changed"}
        known["changed"] = changed and [changed.position, changed.command_id, changed.stored_at.isoformat()]
        files = {
            name: [[one.path.name, one.rows, one.size, one.crc] for one in getattr(self, name)]
            for name in ("segments", "pair_segments")
        }
        replace_durably(folder / NAME, json.dumps({"format": FORMAT, "image": known, **files}))

    @classmethod
    def read(cls, folder: Path) -> "Manifest | None":
        """Return the table of a folder; None when there is none yet.

        Raises:
            DamagedTableError: it cannot be understood.
        """
        try:
            found = json.loads((folder / NAME).read_text(encoding="utf-8"))
            if found["format"] != FORMAT:
                raise DamagedTableError(f"the table has format {found['format']}, not {FORMAT}")
            return cls(
                _image_of(found["image"]),
                _segments_of(folder, found["segments"]),
                _segments_of(folder, found["pair_segments"]),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DamagedTableError(f"the manifest cannot be read: {error}") from error


def _image_of(known: dict[str, Any]) -> Image:
    changed = known.pop("changed")
    if changed is not None:
        changed = Change(int(changed[0]), str(changed[1]), datetime.fromisoformat(changed[2]))
    known["rowless"] = tuple(known["rowless"])
    return Image(changed=changed, **known)


def _segments_of(folder: Path, found: list[list[Any]]) -> tuple[Segment, ...]:
    return tuple(
        Segment(folder / Path(str(name)).name, int(rows), int(size), int(crc)) for name, rows, size, crc in found
    )


def _crc_of(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            crc = zlib.crc32(chunk, crc)
    return crc
