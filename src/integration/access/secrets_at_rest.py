"""Encrypting what must not lie in the database in the clear, and naming it without saying what it is."""

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet


def name_of(secret: str) -> str:
    """Return what a secret is stored under: whoever reads the database cannot use it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class Sealer:
    """Seals JSON with the installation's keys: the first encrypts, all decrypt."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._cipher = MultiFernet([Fernet(key) for key in keys])

    def seal(self, owner: str, content: dict[str, Any]) -> bytes:
        """Return the sealed content. The owner is inside, so that it is of no use under another name."""
        return self._cipher.encrypt(orjson.dumps({"owner": owner, "content": content}))

    def open(self, owner: str, sealed: object) -> dict[str, Any] | None:
        """Return the content; None when the key has changed, or it belongs to another owner."""
        try:
            found = orjson.loads(self._cipher.decrypt(sealed if isinstance(sealed, bytes) else b""))
        except (InvalidToken, orjson.JSONDecodeError):
            return None
        return dict(found["content"]) if found.get("owner") == owner else None
