"""Versions of records. No store but our own counts them, so a version is made from what a record is."""

import hashlib

from domain.records.json_text import to_text
from domain.records.values import WRITABLE_FIELDS, LabsRecord

_DIGITS = 10**15
_COLUMNS = sorted(WRITABLE_FIELDS - {"data"})


def version_of(record: LabsRecord) -> int:
    """Return the version of a record: 1 to 15 digits, the same as long as nothing of it changes."""
    values = [record.id, *(record.value_of(name) for name in _COLUMNS)]
    digest = hashlib.blake2b(f"{to_text(values)}{to_text(record.data)}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % _DIGITS
