"""Locks on files, between processes. The kernel drops them when their holder dies, however it dies."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

_POLL_SECONDS = 0.05


class FileLock:
    """A lock on a file that is held until :meth:`release`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Give the lock back; nothing happens the second time."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def try_lock(path: Path, *, shared: bool = False) -> FileLock | None:
    """Lock a file, which is made when missing; None when somebody holds it in a way that excludes this."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return FileLock(descriptor)


@asynccontextmanager
async def exclusively(path: Path) -> AsyncIterator[None]:
    """Hold a file's exclusive lock; waits as long as another holds it, without blocking the loop."""
    while (lock := try_lock(path)) is None:  # noqa: ASYNC110  the holder may be another process
        await asyncio.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        lock.release()
