"""Secrets that are made once and then kept in a file of their own."""

import logging
import os
import stat
import uuid
from collections.abc import Callable
from pathlib import Path

from domain.kernel.errors import LabkeeperError

_log = logging.getLogger(__name__)


class SecretFileError(LabkeeperError):
    """A secret's file is there but holds no secret."""


def read_or_make_secret(path: Path, make: Callable[[], str]) -> str:
    """Return the secret in a file, and make it first when there is no file yet.

    Processes that start at the same time all get the same secret. The file has mode 0600 from its first moment; one
    that others may read is closed to them, with a warning. Missing folders are made with mode 0700.

    Raises:
        SecretFileError: the file is empty. It is never overwritten: data may be encrypted with what it held.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _publish(path, make())
    return _read(path)


def _publish(path: Path, secret: str) -> None:
    # Written aside and linked: a file opened under its final name would be seen empty by another process, or stay
    # empty after a crash.
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(secret + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        _log.info("another process made %s first; its secret is used", path.name)
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path) -> str:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        _log.warning("%s could be read by other users; it is closed to them now", path)
        path.chmod(0o600)
    secret = path.read_text(encoding="utf-8").strip()
    if not secret:
        raise SecretFileError(f"{path} is empty: put the secret back, or remove the file to have a new one made")
    return secret
