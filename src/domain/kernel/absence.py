"""What it means that a listing does not show things that are known: they went, or the listing is not to be believed."""

from enum import StrEnum
from typing import TypeVar

HOLD_AT_LEAST = 5
"""A listing that drops more than half of what is known is held if that is at least so many."""

Key = TypeVar("Key", str, int)


class Removals(StrEnum):
    """What happens to things that a listing does not show."""

    NONE = "none"
    """Nothing is missing, or the listing may not be believed about absence."""
    APPLIED = "applied"
    HELD = "held"


def judge(missing: frozenset[Key], held: frozenset[Key], known: int) -> tuple[Removals, bool]:
    """Tell whether the missing go now, and whether that confirms a held listing.

    A second listing says the same when everything held back is still missing; what is missing beyond that must not be
    a big drop of its own.

    Args:
        held: what a held listing did not show and is known still; empty when none is held.
        known: number of things that are known.
    """
    if not missing:
        return Removals.NONE, False
    confirms = bool(held) and held <= missing
    unconfirmed = len(missing - held) if confirms else len(missing)
    remaining = known - len(held) if confirms else known
    if unconfirmed >= HOLD_AT_LEAST and unconfirmed * 2 > remaining:
        return Removals.HELD, False
    return Removals.APPLIED, confirms
