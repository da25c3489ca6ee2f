"""Answers of any size: in memory while they are small, in an unnamed file that only this process can read beyond."""

import asyncio
from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from typing import IO

from integration.http.errors import UpstreamAnswerError

IN_MEMORY_BYTES = 1024 * 1024
_WRITTEN_AT_ONCE = 256 * 1024


async def spooled_async(parts: AsyncIterator[bytes], url: str, limit: int) -> IO[bytes]:
    """Return a file with everything that comes, at its beginning; whoever gets it closes it.

    Args:
        limit: bytes.

    Raises:
        UpstreamAnswerError: there is more than that.
    """
    file = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115  closed by the caller
    try:
        await _written_async(file, parts, url, limit)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


async def _written_async(file: IO[bytes], parts: AsyncIterator[bytes], url: str, limit: int) -> None:
    size = 0
    waiting = bytearray()
    async for part in parts:
        size += len(part)
        if size > limit:
            raise UpstreamAnswerError(url, f"the answer is larger than {limit} bytes")
        waiting += part
        if len(waiting) >= _WRITTEN_AT_ONCE:
            await asyncio.to_thread(file.write, bytes(waiting))
            waiting.clear()
    file.write(waiting)
