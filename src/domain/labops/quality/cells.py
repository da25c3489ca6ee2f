"""Cells of a table: what is nothing, what is a number, what is a time."""

import math
from datetime import UTC, datetime, tzinfo

NOTHING = frozenset(
    ("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>")
) | frozenset(("N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"))
"""How programs write that there is no value; what the starter kit takes as missing."""


def known(text: str) -> str | None:
    """Return a cell without spaces around it; None when it says that there is no value."""
    text = text.strip()
    return None if text in NOTHING else text


def number_of(text: str) -> float | None:
    """Return a finite number; None when the text is none."""
    if "_" in text:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def moment_of(text: str, zone: tzinfo) -> datetime | None:
    """Return an ISO 8601 date or time as aware UTC, one without an offset as of the zone; None when it is none."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
