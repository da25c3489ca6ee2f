"""The stored form of a commit: one document, encoded once, its position filled in at the last moment."""

import struct
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bson import Int64, encode
from bson.codec_options import CodecOptions
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument

from domain.kernel.errors import LabkeeperError, UnavailableError

MAX_EVENTS_PER_COMMIT = 1_000
MAX_BYTES_PER_COMMIT = 8 * 1024 * 1024

_POSITION = struct.Struct("<q")
_POSITION_OFFSET = 4 + 1 + len(b"_id\x00")
_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)


class CommitTooLargeError(LabkeeperError):
    """A commit has more events or bytes than one document should hold."""


class EventNotStorableError(LabkeeperError):
    """An event holds a value that cannot be stored, e.g. an integer beyond 64 bits or a lone surrogate."""


class CommandReusedError(LabkeeperError):
    """A command id that made a commit in one stream came back with a commit for another."""


class EventStoreBusyError(UnavailableError):
    """More commits wait to be written than the queue may hold."""


class CommitInDoubtError(UnavailableError):
    """The database went away while the commit was under way; whether it was stored is not known.

    Asking again with the same command id stores it at most once and gives the first answer.
    """


class Commit:
    """A commit on its way into the log.

    Attributes:
        stream, first, last: its stream and the versions of its first and last event, from 1.
        command_id: makes it idempotent.
        at: when it was made.
        last_event: as it is stored; not to be changed.
        size: bytes of the document.
    """

    __slots__ = ("_bytes", "at", "command_id", "first", "last", "last_event", "size", "stream")

    def __init__(
        self,
        stream: str,
        expected_version: int,
        events: Sequence[dict[str, Any]],
        command_id: str,
        meta: dict[str, Any],
        at: datetime,
    ) -> None:
        if len(events) > MAX_EVENTS_PER_COMMIT:
            raise CommitTooLargeError(f"a commit to {stream} has {len(events)} events; {MAX_EVENTS_PER_COMMIT} at most")
        self.stream = stream
        self.first = expected_version + 1
        self.last = expected_version + len(events)
        self.command_id = command_id
        self.at = at
        self.last_event = events[-1]
        document = {
            "_id": Int64(0),
            "s": stream,
            "f": self.first,
            "v": self.last,
            "e": events,
            "cmd": command_id,
            "meta": meta,
            "at": at,
        }
        try:
            self._bytes = bytearray(encode(document))
        except (BSONError, OverflowError, UnicodeEncodeError, ValueError) as error:
            raise EventNotStorableError(f"an event of {stream} cannot be stored: {error}") from error
        self.size = len(self._bytes)
        if self.size > MAX_BYTES_PER_COMMIT:
            raise CommitTooLargeError(f"a commit to {stream} has {self.size} bytes; {MAX_BYTES_PER_COMMIT} at most")

    def at_position(self, position: int) -> RawBSONDocument:
        """Return the document with its position. ``_id`` is its first field, eight bytes at a known place."""
        _POSITION.pack_into(self._bytes, _POSITION_OFFSET, position)
        return RawBSONDocument(bytes(self._bytes), _RAW)
