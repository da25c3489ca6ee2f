"""Keys of any number of rows in bounded memory: beyond a number they go to files on disk, told apart by digest."""

import hashlib
import struct
import tempfile
from collections.abc import Iterator, Sequence
from typing import IO

import orjson

from domain.labops.quality.key_ledger import Key, KeyLedger

KEYS_IN_MEMORY = 200_000
NOTES_IN_MEMORY_BYTES = 4 * 1024 * 1024
_PARTS = 64
_RECORD = struct.Struct("<16sq")
_AT_ONCE = 4096


class SpillingKeys(KeyLedger):
    """A key ledger. Digests have 128 bits: two keys of one digest are not to be met.

    Args:
        most: keys that are held in memory; beyond that all are written to 64 files by digest, and read one by one.
    """

    def __init__(self, most: int = KEYS_IN_MEMORY) -> None:
        self._most = most
        self._held: list[tuple[bytes, int]] = []
        self._parts: list[IO[bytes]] = []
        self._notes = tempfile.SpooledTemporaryFile(NOTES_IN_MEMORY_BYTES)  # noqa: SIM115  closed in close()

    def add(self, row: int, line: int | None, key: Key) -> None:
        self._notes.write(orjson.dumps((row, line, key), option=orjson.OPT_APPEND_NEWLINE))
        self._held.append((hashlib.blake2b(orjson.dumps(key), digest_size=16).digest(), row))
        if len(self._held) >= self._most:
            self._spill()

    def shared(self) -> Iterator[int]:
        if not self._parts:
            yield from _shared(self._held)
            return
        self._spill()
        for part in self._parts:
            part.seek(0)
            yield from _shared(_records(part))

    def noted(self, rows: Sequence[int]) -> Iterator[tuple[int, int | None, Key]]:
        wanted = set(rows)
        self._notes.seek(0)
        while wanted:
            row, line, key = orjson.loads(self._notes.readline())
            if row in wanted:
                wanted.remove(row)
                yield row, line, tuple(key)

    def close(self) -> None:
        self._held.clear()
        self._notes.close()
        for part in self._parts:
            part.close()
        self._parts.clear()

    def _spill(self) -> None:
        if not self._parts:
            self._parts = [tempfile.TemporaryFile() for _ in range(_PARTS)]  # noqa: SIM115  closed in close()
        pack = _RECORD.pack
        for digest, row in self._held:
            self._parts[digest[0] % _PARTS].write(pack(digest, row))
        self._held.clear()


def _records(part: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    while piece := part.read(_RECORD.size * _AT_ONCE):
        yield from _RECORD.iter_unpack(piece)


def _shared(records: Iterator[tuple[bytes, int]] | list[tuple[bytes, int]]) -> Iterator[int]:
    first: dict[bytes, int] = {}
    for digest, row in records:
        known = first.setdefault(digest, row)
        if known != row:
            if known >= 0:
                yield known
                first[digest] = -1
            yield row
