"""Durations as ISO 8601 writes them, without years and months, which have no fixed length."""

import re
from datetime import timedelta

LONGEST_TEXT = 40
_NUMBER = r"(\d{1,9}(?:[.,]\d{1,6})?)"
_FORM = re.compile(
    rf"P(?:{_NUMBER}W|(?:{_NUMBER}D)?(?:T(?=\d)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?)", re.ASCII
)
_LONGEST = timedelta.max.days * 86_400
_SECONDS = (7 * 86_400, 86_400, 3_600, 60, 1)


def parse_duration(text: str) -> timedelta:
    """Return a duration such as ``PT15M`` or ``P1DT12H``.

    Raises:
        ValueError: it is none, has years or months, or is longer than 999,999,999 days.
    """
    found = _FORM.fullmatch(text) if len(text) <= LONGEST_TEXT else None
    if found is None or not any(found.groups()):
        raise ValueError("must be an ISO 8601 duration such as PT15M or P1D, without years and months")
    parts = zip(found.groups(), _SECONDS, strict=True)
    seconds = sum(float(number.replace(",", ".")) * unit for number, unit in parts if number)
    if seconds > _LONGEST:
        raise ValueError("must be a shorter duration: no clock counts so far")
    return timedelta(seconds=seconds)


def duration_text(duration: timedelta) -> str:
    """Return the one spelling that we answer with, e.g. ``P1DT12H``; ``PT0S`` for nothing."""
    seconds = duration.seconds
    hours, minutes, rest = seconds // 3_600, seconds % 3_600 // 60, seconds % 60
    fraction = f".{duration.microseconds:06d}".rstrip("0") if duration.microseconds else ""
    days = f"{duration.days}D" if duration.days else ""
    time = "".join(
        (
            f"{hours}H" if hours else "",
            f"{minutes}M" if minutes else "",
            f"{rest}{fraction}S" if rest or fraction else "",
        )
    )
    return f"P{days}" + (f"T{time}" if time else "") if days or time else "PT0S"


def spoken(duration: timedelta) -> str:
    """Return a window as a message says it: ``last 24h``, ``last 30m``, ``last 7d``."""
    minutes = duration.total_seconds() / 60
    if minutes >= 2_880 and minutes % 1_440 == 0:
        return f"last {minutes / 1_440:g}d"
    if minutes >= 60 and minutes % 60 == 0:
        return f"last {minutes / 60:g}h"
    return f"last {minutes:g}m" if minutes >= 1 else f"last {duration.total_seconds():g}s"
