"""Files in MongoDB as documents of 1 MiB, so that any process may read what another received."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta

from application.labops.imports.imported_files import FileTooLargeError, ImportedFile, ImportedFiles
from domain.kernel.clock import Clock
from integration.mongo.driver import MongoDriver, translating_outages

COLLECTION = "labops_import_files"
PIECE_BYTES = 1 << 20
KEPT_AFTER_IMPORT = timedelta(days=7)
KEPT_UNFINISHED = timedelta(days=1)
_STORE = "the store of imported files"


class MongoImportedFiles(ImportedFiles):
    """Call ``prepare_async`` once before use.

    A piece that was sent but never became part of an import (the sender left, the process died) runs out by itself.
    """

    def __init__(self, driver: MongoDriver, clock: Clock, largest: int = 2 << 30) -> None:
        self.largest = largest
        self._pieces = driver.collection(COLLECTION)
        self._clock = clock

    async def prepare_async(self) -> None:
        """Make the indexes; nothing happens when they are there."""
        with translating_outages(_STORE):
            await self._pieces.create_index([("import", 1), ("n", 1)], unique=True, name="piece")
            await self._pieces.create_index("until", name="kept", expireAfterSeconds=0)

    async def keep_async(self, import_id: str, content: AsyncIterator[bytes], largest: int) -> ImportedFile:
        digest = hashlib.sha256()
        size = number = 0
        until = self._clock.now() + KEPT_UNFINISHED
        async for piece in _pieces(content):
            size += len(piece)
            if size > largest:
                await self._forget_async(import_id)
                raise FileTooLargeError(f"has more than {largest} bytes")
            digest.update(piece)
            with translating_outages(_STORE):
                await self._pieces.insert_one({"import": import_id, "n": number, "data": piece, "until": until})
            number += 1
        with translating_outages(_STORE):
            await self._pieces.update_many({"import": import_id}, {"$unset": {"until": ""}})
        return ImportedFile(import_id, size, digest.hexdigest())

    async def _forget_async(self, import_id: str) -> None:
        with translating_outages(_STORE):
            await self._pieces.delete_many({"import": import_id})

    async def read_async(self, import_id: str) -> AsyncIterator[bytes]:
        number = 0
        while True:
            with translating_outages(_STORE):
                piece = await self._pieces.find_one({"import": import_id, "n": number}, {"data": 1})
            if piece is None:
                return
            yield bytes(piece["data"])
            number += 1

    async def forget_later_async(self, import_id: str) -> None:
        until = self._clock.now() + KEPT_AFTER_IMPORT
        with translating_outages(_STORE):
            await self._pieces.update_many({"import": import_id}, {"$set": {"until": until}})


async def _pieces(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    waiting = bytearray()
    async for part in content:
        waiting += part
        while len(waiting) >= PIECE_BYTES:
            yield bytes(waiting[:PIECE_BYTES])
            del waiting[:PIECE_BYTES]
    if waiting:
        yield bytes(waiting)
