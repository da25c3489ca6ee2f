"""What a worker's last answer said, so that a lab whose description did not change is not read again.

Between two cycles most labs are the same. A digest tells that for a whole answer; comparing with what was said before
tells it for single labs. What was read from an equal description is the same, so only what differs is checked and built
anew. Only the newest answer is remembered.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from application.labs.ports import LabListing
from domain.labs.values import LabSnapshot

MAX_REMEMBERED_BYTES = 8 * 1024 * 1024
"""A larger answer is read in full each time, so that a memory of it cannot grow without bound."""

LabsAsTold = dict[str, tuple[Any, LabSnapshot]]
"""What was said of a lab, and what was read from it, by the id that it is listed under."""


@dataclass(slots=True)
class RememberedTiles:
    """The labs of one answer.

    Attributes:
        answer: digest of the whole body.
        listing: what the answer led to; None when it left anything open, such as a lab that could not be read.
        believed_ids: the ids of that listing.
        labs: those that could be read.
    """

    answer: bytes = b""
    listing: LabListing | None = None
    believed_ids: frozenset[str] = frozenset()
    labs: LabsAsTold = field(default_factory=dict)


def digest_of(body: bytes) -> bytes:
    """Return a digest that nobody finds a second body for."""
    return hashlib.sha256(body).digest()
