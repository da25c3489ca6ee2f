"""At which rate specimens arrive, and in which mix, hour by hour."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.labops.whatif.laboratory import Arrivals
from domain.labops.whatif.observed import ArrivalPattern

HOURS_OF_WEEK = 168
_HOUR = timedelta(hours=1)


def arrivals_from(
    counts: Sequence[tuple[Any, ...]], since: datetime, until: datetime
) -> tuple[tuple[str, ...], Arrivals, ArrivalPattern]:
    """Return the assays, the arrivals and what their rate repeats itself by.

    Args:
        counts: assay, hour of the week from Monday 00:00 UTC, number of specimens.
        since, until: first and last receipt, aware UTC.
    """
    assays = tuple(sorted({row[0] for row in counts}))
    hours = max(1.0, (until - since) / _HOUR)
    pattern, period = _pattern(hours)
    seen = [[0] * len(assays) for _ in range(period)]
    for assay, hour, number in counts:
        seen[hour % period][assays.index(assay)] += number
    exposed = [hours] if period == 1 else _exposure(since, until, period)
    overall = [sum(column) for column in zip(*seen, strict=True)]
    rates = tuple(sum(row) / hours for row, hours in zip(seen, exposed, strict=True))
    mix = tuple(_shares(row if sum(row) else overall) for row in seen)
    return assays, Arrivals(rates, mix), pattern


def _pattern(hours: float) -> tuple[ArrivalPattern, int]:
    """A rate per hour needs that hour at least twice."""
    if hours >= 2 * HOURS_OF_WEEK:
        return "hour_of_week", HOURS_OF_WEEK
    return ("hour_of_day", 24) if hours >= 48 else ("constant", 1)


def _exposure(since: datetime, until: datetime, period: int) -> list[float]:
    """Return for how many hours each hour of the period was seen."""
    seen = [0.0] * period
    hour = since.replace(minute=0, second=0, microsecond=0)
    while hour <= until:
        covered = min(until, hour + _HOUR) - max(since, hour)
        seen[(hour.weekday() * 24 + hour.hour) % period] += covered / _HOUR
        hour += _HOUR
    return [max(one, 1 / 60) for one in seen]


def _shares(row: Sequence[int]) -> tuple[float, ...]:
    total = sum(row)
    return tuple(number / total for number in row)
